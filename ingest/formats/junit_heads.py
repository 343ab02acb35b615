"""What the attributes of a JUnit test case say."""

from __future__ import annotations

from ingest.errors import Refused
from ingest.formats.junit_children import CaseHead
from ingest.formats.junit_suites import Suites
from ingest.formats.notes import Notes
from ingest.formats.plain_cases import UNKNOWN
from ingest.formats.values import MAX_DURATION_MS, duration_ms, is_unset_time, moment
from ingest.limits import Limits
from ingest.model import Outcome

NO_NAME = "(no name)"

_KEPT_DURATIONS = 20_000
_LONG = 30
_STATED = {
    "notrun": Outcome.SKIPPED, "skipped": Outcome.SKIPPED, "disabled": Outcome.SKIPPED, "ignored": Outcome.SKIPPED,
    "pending": Outcome.SKIPPED, "untested": Outcome.SKIPPED, "suppressed": Outcome.SKIPPED, "not_run": Outcome.SKIPPED,
    "failed": Outcome.FAILED, "failure": Outcome.FAILED, "fail": Outcome.FAILED,
    "error": Outcome.ERRORED, "errored": Outcome.ERRORED, "broken": Outcome.ERRORED,
}  # fmt: skip

_new = tuple.__new__

DURATIONS: dict[str, int] = {}
"""Readable durations met so far: the same few thousand spellings come again in every file."""


class Heads:
    """Reads the attributes of cases; what they lack comes from the suites around them."""

    def __init__(self, suites: Suites, notes: Notes, limits: Limits) -> None:
        self._suites = suites
        self._notes = notes
        self._limits = limits

    def of(self, case: dict[str, str]) -> CaseHead:
        """The head of one case."""
        get = case.get
        name = get("name") or get("id") or ""
        if not name or name.isspace():
            self._notes.add("a test case has no name")
            name = NO_NAME
        classname = get("classname") or get("class") or ""
        if not classname or classname.isspace():
            classname = self._suites.name
        if classname == "test" and self._suites.path:
            classname = self._suites.path
        if self._suites.project and classname == self._suites.name:
            classname = f"[{self._suites.project}] › {classname}"
        time = get("time")
        duration = DURATIONS.get(time) if time else None
        if time and duration is None:
            duration = self.duration(time)
        suites = self._suites
        head: tuple[str, str, int | None, int | None, str | None, tuple[str, ...], Outcome | None]
        if len(case) == 3 and "time" in case:
            head = (classname, name, duration, None, suites.file, suites.services, None)
        else:
            if len(case) > self._limits.attributes:
                check_attributes(case, self._limits, self._notes)
            started = self._started(case["timestamp"]) if "timestamp" in case else None
            file = get("file") or get("filepath") or suites.file
            head = (classname, name, duration, started, file, suites.services, stated_outcome(case))
        return _new(CaseHead, head)

    def duration(self, text: str) -> int | None:
        """Milliseconds; a text that says none is noted."""
        if len(text) < _LONG and text.isascii() and text.replace(".", "", 1).isdigit():  # as most writers give it
            scaled = float(text) * 1000.0
            value = int(scaled + 0.5) if scaled <= MAX_DURATION_MS else None
        else:
            value = duration_ms(text)
        if value is None:
            if text.strip():
                self._notes.add("a duration cannot be read", text)
        elif len(DURATIONS) < _KEPT_DURATIONS:
            DURATIONS[text] = value
        return value

    def durations(self, texts: list[str]) -> list[int]:
        """Milliseconds of many texts, `UNKNOWN` where one says none."""
        together = "".join(texts)
        if together.isascii() and together.replace(".", "").isdigit() and max(map(len, texts)) < _LONG:
            try:
                values = [int(float(text) * 1000.0 + 0.5) for text in texts]
            except ValueError:  # one is empty or has two points
                pass
            else:
                if max(values) <= MAX_DURATION_MS:
                    return values
        return [UNKNOWN if (value := self.duration(text)) is None else value for text in texts]

    def _started(self, text: str) -> int | None:
        if is_unset_time(text):
            return None
        when = moment(text)
        if when is None:
            self._notes.add("a time cannot be read", text)
            return None
        return when.ms


def plain_columns(cases: list[dict[str, str]]) -> tuple[list[str], list[str], list[str]] | None:
    """Class names, names and times of cases; None when one of them lacks any."""
    try:
        classnames = [case["classname"] for case in cases]
        names = [case["name"] for case in cases]
        times = [case["time"] for case in cases]
    except KeyError:
        return None
    return (classnames, names, times) if all(classnames) and all(names) else None


def check_attributes(case: dict[str, str], limits: Limits, notes: Notes) -> None:
    """Refuse a case with too many attributes."""
    reason = f"one element has more than {limits.attributes:,} attributes; raise limits.attributes to read it"
    raise Refused("too-large", reason, line=notes.line_of() if notes.line_of else None)


def stated_outcome(case: dict[str, str]) -> Outcome | None:
    """The outcome that attributes of a case state; None where they state a pass or nothing known.

    >>> stated_outcome({"status": "notrun"}), stated_outcome({"status": "run", "result": "completed"})
    (<Outcome.SKIPPED: 3>, None)
    """
    for key in ("status", "result"):
        if key in case:
            outcome = _STATED.get(case[key].strip().lower())
            if outcome is not None:
                return outcome
    for key in ("skipped", "disabled"):
        if key in case and case[key].strip().lower() == "true":
            return Outcome.SKIPPED
    return None
