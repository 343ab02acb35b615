"""JUnit XML as Surefire 3.2, pytest 8 and jest-junit 16 write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from sample_reports.story.records import Execution, Failure, iso


def junit(suites: Sequence[tuple[str, int, Sequence[Execution]]], identity: Mapping[str, object] | None = None) -> str:
    """A report of several suites: (name, start, executions); the first carries the run's identity as properties."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n']
    for k, (name, start, executions) in enumerate(suites):
        parts.append(suite(name, start, executions, identity if k == 0 else None))
    return "".join([*parts, "</testsuites>\n"])


def suite(name: str, start: int, executions: Sequence[Execution], identity: Mapping[str, object] | None) -> str:
    """One `<testsuite>`."""
    outcomes = [e.outcome for e in executions]
    counts = (
        f'tests="{len(executions)}" failures="{outcomes.count("failed")}" errors="{outcomes.count("errored")}" '
        f'skipped="{outcomes.count("skipped")}" time="{sum(e.seconds for e in executions):.3f}"'
    )
    head = f'<testsuite name={quoteattr(name)} timestamp="{iso(start)}" {counts}>\n'
    return head + _properties(identity) + "".join(map(case, executions)) + "</testsuite>\n"


def case(execution: Execution) -> str:
    """One `<testcase>`; its file and services are written when it is described or failed."""
    c = execution.case
    head = f'<testcase classname={quoteattr(c.classname)} name={quoteattr(c.name)} time="{execution.seconds:.3f}"'
    is_described = execution.is_described or bool(execution.failures)
    if is_described and c.file:
        head += f" file={quoteattr(c.file)}"
    inner = _peers(c.peers) if is_described else ""
    if execution.skipped:
        inner += f"<skipped message={quoteattr(execution.skipped)}/>\n"
    inner += _attempts(execution)
    return f"{head}>\n{inner}</testcase>\n" if inner else f"{head}/>\n"


def _peers(peers: Sequence[str]) -> str:
    rows = "".join(f'<property name="service.peer.name" value={quoteattr(p)}/>\n' for p in peers)
    return f"<properties>\n{rows}</properties>\n" if rows else ""


def _properties(identity: Mapping[str, object] | None) -> str:
    if not identity:
        return ""
    rows = "".join(f"<property name={quoteattr(k)} value={quoteattr(str(v))}/>\n" for k, v in identity.items())
    return f"<properties>\n{rows}</properties>\n"


def _attempts(execution: Execution) -> str:
    """Surefire's elements: `failure` and `rerunFailure` for red, `flakyFailure` for what passed in the end."""
    out = []
    for k, failure in enumerate(execution.failures):
        kind = "Error" if failure.is_error else "Failure"
        if not execution.is_red:
            out.append(_element(f"flaky{kind}", failure, is_wrapped=True))
        elif k:
            out.append(_element(f"rerun{kind}", failure, is_wrapped=True))
        else:
            out.append(_element(kind.lower(), failure, is_wrapped=False))
    return "".join(out)


def _element(tag: str, failure: Failure, *, is_wrapped: bool) -> str:
    text = escape(failure.text)
    kind = f" type={quoteattr(failure.type)}" if failure.type else ""
    inner = f"<stackTrace>{text}</stackTrace>" if is_wrapped else text
    return f"<{tag} message={quoteattr(failure.message)}{kind}>{inner}</{tag}>\n"
