"""What a fetch did, as a document and as sentences."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ingest.clean import clean_line
from ingest.identity import clean_identity
from tui.exports.ingested import Tally, file_row
from tui.exports.shapes import Json
from tui.times import iso

if TYPE_CHECKING:
    from ingest.fetch.fetching import Fetched, FetchedRun


def tally_of(fetched: Fetched) -> Tally:
    """The totals of its files."""
    tally = Tally()
    for outcome in fetched.files:
        tally.add(outcome)
    return tally


def fetched_document(server: str, fetched: Fetched) -> Json:
    """`crywolf fetch --json`: its files and their totals as those of `ingest`, and what the server has."""
    return {
        "server": server,
        "runs": [_run_json(run) for run in fetched.runs],
        "deployments": fetched.deployments,
        "problems": list(fetched.problems),
        "files": [file_row(outcome) for outcome in fetched.files],
        "totals": tally_of(fetched).document(),
    }


def run_name(run: FetchedRun) -> str:
    """Pipeline, run and attempt, for a person."""
    known = clean_identity(run.identity)
    attempt = f" #{known.run_attempt}" if (known.run_attempt or 1) > 1 else ""
    return f"{known.pipeline or '-'} {known.run_id or '-'}{attempt}"


def fetched_sentence(fetched: Fetched, is_plan: bool) -> str:
    """How many runs became what, and how many deployments came.

    >>> from ingest.fetch.fetching import Fetched
    >>> fetched_sentence(Fetched(), False)
    '0 runs; 0 deployments'
    """
    statuses = Counter(run.status.value for run in fetched.runs)
    runs = f"{len(fetched.runs):,} {'run' if len(fetched.runs) == 1 else 'runs'}"
    told = ", ".join(f"{number:,} {status}" for status, number in sorted(statuses.items()))
    deployments = f"{fetched.deployments:,} {'deployment' if fetched.deployments == 1 else 'deployments'}"
    return f"{runs}{': ' if told else ''}{told}; {deployments}{' to fetch' if is_plan else ''}"


def artifacts_text(run: FetchedRun) -> str:
    """Names of what a run left and is still kept, with their sizes."""
    sizes = ((one.name, one.size_bytes) for one in run.artifacts if not one.is_expired)
    return ", ".join(clean_line(name) + (f" ({-(-size // 1024):,} KB)" if size else "") for name, size in sizes)


def _run_json(run: FetchedRun) -> Json:
    known = clean_identity(run.identity)
    return {
        "pipeline": known.pipeline,
        "run_id": known.run_id,
        "attempt": known.run_attempt or 1,
        "branch": known.branch,
        "revision": known.revision,
        "trigger": known.trigger.value if known.trigger else None,
        "state": known.state.value if known.state else None,
        "start": iso(known.start_ms) if known.start_ms is not None else None,
        "url": known.url,
        "status": run.status.value,
        "reason": run.reason or None,
        "artifacts": [
            {"name": clean_line(one.name), "size_bytes": one.size_bytes, "expired": one.is_expired}
            for one in run.artifacts
        ],
    }
