"""Which run a report belongs to: what all sources say, key by key, the first that knows wins.

Order: options, `run.json` in the nearest folder above, the report's own properties, the path template, the CI server's
variables, the folder's names. The variables describe the job that runs crywolf; they count only for reports whose run
nothing above them names, so that collecting other jobs' reports inside CI does not mix two runs.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingest.clean import clean_line
from ingest.errors import Refused
from ingest.limits import Limits
from ingest.model import RunIdentity, Trigger
from ingest.redact import redact
from ingest.run_json import read_run_json
from ingest.settings import Settings

SIDECAR = "run.json"
_TEXT_FIELDS = (
    "pipeline",
    "run_id",
    "environment",
    "branch",
    "revision",
    "base_revision",
    "repository",
    "url",
    "service",
    "service_version",
    "merge_request",
    "job",
    "job_url",
)
_ARCHIVES = 256
"""Archives whose `run.json` files are remembered."""
_PACKED = re.compile(r"(?:\.(?:zip|tar|tgz|tbz2|txz|tzst|gz|bz2|xz|zst)){0,2}!(?=/|\Z)", re.IGNORECASE)
"""What an archive's name has more than a folder's."""
ANT_PART = (b"TEST-", b".xml")
"""How the names of Ant's reports start and end."""
_REF_PREFIXES = ("refs/heads/", "refs/remotes/origin/")


@dataclass(slots=True)
class Sidecars:
    """Finds and remembers the `run.json` that speaks for a folder."""

    limits: Limits
    look_into: Callable[[bytes], None] | None = None
    """Notes what an archive holds that is met only in the ledger."""
    _inside: dict[bytes, dict[bytes, bytes]] = field(default_factory=dict)
    _found: dict[bytes, tuple[bytes, RunIdentity] | None] = field(default_factory=dict)
    _parsed: tuple[bytes, RunIdentity] | None = None
    """What was parsed last: it is looked at again whenever it may have changed."""

    def nearest(self, folder: bytes) -> tuple[bytes, RunIdentity] | None:
        """(folder of the `run.json`, what it says) for a folder with trailing separator; None without one."""
        if folder in self._found:
            return self._found[folder]
        identity = self._read(folder)
        above = os.path.join(os.path.dirname(folder[:-1]), b"")
        if identity is not None:
            found: tuple[bytes, RunIdentity] | None = (folder, identity)
        else:
            found = None if above in (folder, b"") else self.nearest(above)
        self._found[folder] = found
        return found

    def forget(self) -> None:
        """Look again: a file may have come or changed."""
        self._found.clear()

    def parsed(self, data: bytes, identity: RunIdentity) -> None:
        """Note what the bytes of a `run.json` say, so that nobody parses them again."""
        self._parsed = data, identity

    def note(self, archive: bytes, documents: dict[bytes, bytes]) -> None:
        """Note the `run.json` files in an archive by the folders they are in."""
        if len(self._inside) >= _ARCHIVES:
            del self._inside[next(iter(self._inside))]
        self._inside[archive] = documents
        self._found.clear()

    def _read(self, folder: bytes) -> RunIdentity | None:
        try:
            data = self._content(folder)
            if data is None:
                return None
            if self._parsed is None or self._parsed[0] != data:
                self.parsed(data, clean_identity(read_run_json(data, limits=self.limits)))
            assert self._parsed is not None
            return self._parsed[1]
        except (OSError, Refused):
            return None  # absent, or refused by itself when it is ingested

    def _content(self, folder: bytes) -> bytes | None:
        """What the `run.json` of a folder holds, in the file system or in an archive."""
        archive, is_inside, _ = folder.rpartition(b"!/")
        if not is_inside and folder.startswith((b"http://", b"https://")):
            return None
        if not is_inside:
            with open(os.path.join(folder, SIDECAR.encode()), "rb") as stream:
                return stream.read(self.limits.document_bytes + 1)
        if archive not in self._inside and self.look_into is not None:
            self.look_into(folder.partition(b"!/")[0])
        return self._inside.setdefault(archive, {}).get(folder)


@dataclass(slots=True)
class Resolver:
    """Puts together what is known about a report's run."""

    settings: Settings
    options: RunIdentity
    environ: RunIdentity
    sidecars: Sidecars
    has_report: Callable[[bytes, bytes, bytes], bool]
    """Whether a report came from a folder whose name starts and ends so; it may not lie there any more."""

    def resolve(
        self, report: RunIdentity, folder: bytes, location: bytes, given: RunIdentity, environ: RunIdentity
    ) -> RunIdentity:
        """The whole identity; pipeline and run id are always known.

        Args:
            report: what the report itself says; its start is an estimate and does not count here.
            folder: of the report, absolute, with trailing separator; empty for standard input.
            location: of the report, absolute.
            given: options of the reading that brought the file in.
            environ: variables of the reading that brought the file in.
        """
        sidecar = self.sidecars.nearest(folder) if folder else None
        said = report
        if report.start_is_estimated or report.start_is_zoneless:
            said = replace(said, start_ms=None, end_ms=None)
        if report.start_is_estimated is not None or report.start_is_zoneless is not None:
            said = replace(said, start_is_zoneless=None, start_is_estimated=None)
        known = given.over(sidecar[1] if sidecar else RunIdentity()).over(said).over(self._from_path(location))
        if known.run_id is None:
            known = known.over(environ)
        if known.run_id is None and report.is_merged:
            folder = self._where_its_parts_are(folder)
        return self.complete(known, folder)

    def resolve_document(self, identity: RunIdentity, folder: bytes, location: bytes) -> RunIdentity:
        """The whole identity that a `run.json` speaks of: that of a report beside it which says nothing itself."""
        known = self.options.over(identity).over(self._from_path(location))
        return self.complete(known.over(self.environ) if known.run_id is None else known, folder)

    def complete(self, known: RunIdentity, folder: bytes) -> RunIdentity:
        """An identity with the folder's names where pipeline or run id are missing, and with aliases replaced."""
        name, above = _folder_names(folder)
        known = known.over(RunIdentity(pipeline=above, run_id=name, run_attempt=1))
        if known.trigger is None and known.merge_request:
            known = replace(known, trigger=Trigger.PRE_MERGE)
        configured = self.settings.pipeline(known.pipeline or "")
        if known.service is None and configured is not None:
            known = replace(known, service=configured.service)
        environment = self.settings.environment_name(known.environment) if known.environment else None
        service = self.settings.service_name(known.service) if known.service else None
        if (environment, service) == (known.environment, known.service):
            return known
        return replace(known, environment=environment, service=service)

    def zone(self, pipeline: str) -> tzinfo:
        """Zone of times that a pipeline's reports give without one."""
        configured = self.settings.pipeline(pipeline)
        if configured is None or not configured.timezone:
            return UTC
        try:
            return ZoneInfo(configured.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            return UTC

    def _where_its_parts_are(self, folder: bytes) -> bytes:
        """The folder that names the run of a merged report: that of the archive it is in, when Ant's reports lie there.

        Those that come later bring it there.
        """
        archive, is_inside, _ = folder.partition(b"!/")
        beside = os.path.join(os.path.dirname(archive), b"")
        return beside if is_inside and (_has_part(beside) or self.has_report(beside, *ANT_PART)) else folder

    def _from_path(self, location: bytes) -> RunIdentity:
        found = self.settings.identity_of_path(_PACKED.sub("", os.fsdecode(location)))
        return RunIdentity() if found is None else clean_identity(found)


def clean_identity(identity: RunIdentity, found: Counter[str] | None = None) -> RunIdentity:
    """An identity whose strings are clean single lines without secrets; a ref's `refs/heads/` is taken off.

    Args:
        found: counts the secrets by kind.
    """
    changed: dict[str, str | None] = {}
    for name in _TEXT_FIELDS:
        value = getattr(identity, name)
        if isinstance(value, str):
            clean = redact(clean_line(value), found)[:500] or None
            if clean != value:
                changed[name] = clean
    branch = changed.get("branch", identity.branch)
    for prefix in _REF_PREFIXES:
        if branch and branch.startswith(prefix):
            changed["branch"] = branch[len(prefix) :]
    variant = identity.variant
    if variant is not None:
        variant = tuple(
            sorted(
                (redact(clean_line(key), found)[:100], redact(clean_line(value), found)[:200]) for key, value in variant
            )
        )
    if not changed and variant == identity.variant:
        return identity
    return replace(identity, variant=variant, **changed)  # type: ignore[arg-type]


def to_utc(naive_ms: int, zone: tzinfo) -> int:
    """A wall-clock time that was read as if it were UTC, as it is in its zone."""
    if zone is UTC:
        return naive_ms
    wall = datetime.fromtimestamp(naive_ms / 1000, UTC).replace(tzinfo=zone)
    offset = wall.utcoffset()
    return naive_ms - (int(offset.total_seconds() * 1000) if offset else 0)


def is_ant_part(name: bytes) -> bool:
    """Whether a file's name is that of one of Ant's reports, which a merged one may repeat."""
    return name.startswith(ANT_PART[0]) and name.endswith(ANT_PART[1])


def _has_part(folder: bytes) -> bool:
    """Whether one of Ant's reports lies in a folder."""
    try:
        with os.scandir(folder) as listing:
            return any(is_ant_part(entry.name) for entry in listing)
    except OSError:
        return False


def _folder_names(folder: bytes) -> tuple[str, str]:
    """Clean names of a folder and of the one above it; `stdin` and `local` where there is none.

    An archive is a folder of its name without the suffix. The host of a URL is a folder, above which is the host again.

    >>> _folder_names(b"/ci/nightly/41/"), _folder_names(b"https://ci.example/41/"), _folder_names(b"https://ci.example/")
    (('41', 'nightly'), ('41', 'ci.example'), ('ci.example', 'ci.example'))
    """
    if folder.startswith(b"-"):  # an archive from standard input
        folder = folder.partition(b"!/")[2]
    path = _PACKED.sub("", folder[:-1].decode("utf-8", "backslashreplace"))
    if folder.startswith((b"http://", b"https://")):
        path = path.partition("://")[2]
        path = path if "/" in path else f"{path}/{path}"
    above, name = os.path.split(path)
    return _shown(name) or "stdin", _shown(os.path.basename(above)) or "local"


def _shown(name: str) -> str:
    """A folder's name as the name of a run or pipeline."""
    return redact(clean_line(name))
