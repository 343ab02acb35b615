"""Takes attempts from a format module, cleans them, finds their test cases and hands them to the store's part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from ingest.checkout import CheckoutPaths
from ingest.clean import clean_line
from ingest.formats.plain_cases import Attempts, PlainCases
from ingest.identity import clean_identity
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, RunIdentity, TestCase
from ingest.names import normalise_name
from ingest.redact import redact
from ingest.scrub import scrub_failure, scrub_line, scrub_links, warnings_of
from ingest.volatile import Growth
from store.write import PlacedAttempt, PlacedCases, PreparedFailure, Writer

_CACHED, _CACHED_OF_LONG = 30_000, 5_000
"""Places remembered between reports, and of a report that has more: most of its names come once."""
_CACHED_FAILURES, _SHORT_CHARS = 4_000, 1_000
"""Failures whose clean form is remembered, and how long they may be: most reports repeat a few short ones."""
_new = tuple.__new__


@dataclass(slots=True, eq=False)
class _Place:
    test_id: int
    case: TestCase
    raw_name: str | None
    services: tuple[str, ...]


_Names = tuple[str, str, str | None]
"""Class name, name and file as written."""
_CleanNames = tuple[str, str, str]
"""Class name, name, and the name that tells the case from others."""
_Columns = tuple[list[str], list[str], list[str | None]]


@dataclass(frozen=True, slots=True)
class _Sequence:
    """Cases in the order of a report."""

    names: _Columns
    places: list[_Place]
    test_ids: list[int]
    identities: list[TestCase]


class CasePlacer:
    """Test cases of one namespace by the names as written; remembered between files."""

    def __init__(self, writer: Writer, limits: Limits, service_name: Callable[[str], str]) -> None:
        self._writer = writer
        self._limits = limits
        self._service_name = service_name
        self._namespace = ""
        self._generation = 0
        self._places: dict[_Names, _Place] = {}
        self._sequences: dict[tuple[int, str, str], _Sequence] = {}
        """By length, first and last name."""
        self._sought = 0
        """Names of the report that were not remembered."""
        self._in_sequences = 0
        self._most = _CACHED
        self._has_raw_names = False
        """Whether a place has a name as written beside its identity."""
        self._paths = CheckoutPaths()
        self._of_report: set[_Names] = set()
        """Names of places whose path rests on the other paths of their report."""
        self.growth = Growth()
        self._failures: dict[Failure, Failure] = {}
        """As written -> clean, of those without secrets."""
        self._secrets: dict[_Names, Counter[str]] = {}
        """Of the names as written that hold any."""
        self._found: Counter[str] = Counter()
        self._clean_class = ("", "")
        """The last class name as written in which nothing was cut or taken out; its clean form."""
        self._foreseen: dict[tuple[str, str], _CleanNames] = {}
        """By class name and name as written; those in which nothing was cut or taken out."""

    def begin(self) -> None:
        """Before the first attempt of a report: what was concluded from the paths of another one is dropped."""
        self._paths = CheckoutPaths()
        self._most, self._sought = _CACHED, 0
        if self._of_report:
            self._forget_sequences()
        for names in self._of_report:
            self._places.pop(names, None)
        self._of_report.clear()

    def forget(self) -> None:
        """Drop what is remembered: rows may have been rolled back."""
        self._places.clear()
        self._forget_sequences()
        self._has_raw_names = False
        self._of_report.clear()
        self._secrets.clear()

    def _forget_sequences(self) -> None:
        self._sequences.clear()
        self._in_sequences = 0

    def place(
        self, batch: list[CaseAttempt], namespace: str, shift_ms: int, secrets: Counter[str]
    ) -> list[PlacedAttempt]:
        """Attempts with their test rows, all strings clean and without secrets, times shifted into UTC.

        Args:
            secrets: counts what was taken out and cut, as `ingest.scrub` does.
        """
        self._enter(namespace)
        places = self._places
        self._paths.learn(attempt[6] for attempt in batch)
        missing = [attempt for attempt in batch if (attempt[0], attempt[1], attempt[6]) not in places]
        self._find([(attempt[0], attempt[1], attempt[6]) for attempt in missing])
        placed: list[PlacedAttempt] = []
        for attempt in batch:
            classname, name, _, _, started_ms, failure, file, _, services, links = attempt
            place = places[classname, name, file]
            if services and services != place.services:
                self._declare(place, services)
            if failure is not None or links or (shift_ms and started_ms is not None):
                attempt = self._clean(attempt, shift_ms, secrets)
            placed.append((place.test_id, place.case, attempt, place.raw_name))
        if self._secrets:
            self._count_secrets(((attempt[0], attempt[1], attempt[6]) for attempt in batch), secrets)
        return placed

    def place_plain(self, cases: PlainCases, namespace: str, secrets: Counter[str]) -> PlacedCases:
        """Plain cases with their test rows, all strings clean and without secrets.

        Args:
            secrets: counts by kind what was taken out.
        """
        self._enter(namespace)
        self._paths.learn(cases.files)
        names = (cases.classnames, cases.names, cases.files)
        sequence = self._sequence_of(names)
        places = sequence.places
        for place in places if cases.services else ():
            if cases.services != place.services:
                self._declare(place, cases.services)
        outcomes, failures = bytearray(len(places)), {}
        for at, (outcome, failure) in cases.results.items():
            outcomes[at] = outcome
            if failure is not None:
                failures[at] = self._clean_failure(failure, secrets)
        raw_names = {}
        if self._has_raw_names:
            raw_names = {at: place.raw_name for at, place in enumerate(places) if place.raw_name is not None}
        if self._secrets:
            self._count_secrets(zip(*names, strict=True), secrets)
        return PlacedCases(
            sequence.test_ids, outcomes, cases.durations, failures, raw_names, cases.retry, sequence.identities
        )

    def _sequence_of(self, names: _Columns) -> _Sequence:
        """Places of names in their order: most reports name the same cases in the same order as one before."""
        key = _key_of(names[1])
        known = self._sequences.get(key)
        if known is not None and known.names == names:
            return known
        look_up = self._places.get
        found = list(map(look_up, zip(*names, strict=True)))
        if not all(found):
            self._find([one for one, place in zip(zip(*names, strict=True), found, strict=True) if place is None])
            found = list(map(look_up, zip(*names, strict=True)))
        places = cast("list[_Place]", found)
        self._in_sequences += len(places)
        if self._in_sequences > self._most:
            self._sequences.clear()
            self._in_sequences = len(places)
        self._sequences[key] = _Sequence(
            names, places, [place.test_id for place in places], [place.case for place in places]
        )
        return self._sequences[key]

    def _enter(self, namespace: str) -> None:
        """Forget what does not hold in a namespace, or no longer."""
        generation = self._writer.generation
        if self._sought > _CACHED:
            self._most = _CACHED_OF_LONG
        if namespace != self._namespace or generation != self._generation or len(self._places) > self._most:
            self._namespace, self._generation = namespace, generation
            self.forget()

    def _count_secrets(self, names: Iterable[_Names], secrets: Counter[str]) -> None:
        for one in names:
            secrets.update(self._secrets.get(one, ()))

    def _find(self, names: Sequence[_Names]) -> None:
        """Look test cases up, or have them made."""
        if not names:
            return
        self._sought += len(names)
        cases, raw_names = zip(*map(self._case_of, names), strict=True)
        test_ids, made = self._writer.test_cases(cases)
        for one, case, raw_name, test_id in zip(names, cases, raw_names, test_ids, strict=True):
            self._places[one] = _Place(test_id, case, raw_name, ())
            self._has_raw_names |= raw_name is not None
        for case in {test_id: case for test_id, case in zip(test_ids, cases, strict=True) if test_id in made}.values():
            self.growth.note(case)

    def _case_of(self, names: _Names) -> tuple[TestCase, str | None]:
        """(identity of a case, its name as written where that differs)."""
        found, file = self._found, names[2]
        foreseen = self._foreseen.pop(names[:2], None)
        classname, name, identity_name = foreseen or self._cleaned(*names[:2])
        if file:
            path, is_told_alone = self._paths.cut(file)
            file = redact(clean_line(path), found)[: self._limits.name_chars]
            if not is_told_alone:
                self._of_report.add(names)
        if found:
            self._secrets[names] = found
            self._found = Counter()
        case = TestCase(self._namespace, classname, identity_name, file or None)
        return case, name if name != identity_name else None

    def _cleaned(self, classname: str, name: str) -> _CleanNames:
        """Names as the store has them; what was cut and taken out is counted."""
        limit, found = self._limits.name_chars, self._found
        name = scrub_line(name, limit, found)
        if self._clean_class[0] != classname:
            clean = scrub_line(classname, limit, found)
            if found:
                return clean, name, normalise_name(name)
            self._clean_class = (classname, clean)
        return self._clean_class[1], name, normalise_name(name)

    def foresee(self, batch: Attempts) -> None:
        """Clean the names of plain cases that seem to be new, while no other process waits for the store."""
        if not isinstance(batch, PlainCases) or _key_of(batch.names) in self._sequences:
            return
        if len(self._foreseen) > _CACHED:
            self._foreseen.clear()
        written = zip(batch.classnames, batch.names, batch.files, strict=True)
        for names in set(written).difference(self._places):
            if names[:2] not in self._foreseen:
                clean = self._cleaned(*names[:2])
                if self._found:
                    self._found.clear()
                else:
                    self._foreseen[names[:2]] = clean

    def _declare(self, place: _Place, services: tuple[str, ...]) -> None:
        names = [redact(clean_line(name))[:200] for name in services[: self._limits.services_per_case]]
        unique = dict.fromkeys(self._service_name(name) for name in names if name)
        self._writer.declare_services(place.test_id, unique)
        place.services = services

    def _clean(self, attempt: CaseAttempt, shift_ms: int, secrets: Counter[str]) -> CaseAttempt:
        classname, name, outcome, duration_ms, started_ms, failure, file, retry, services, links = attempt
        if failure is not None:
            failure = self._clean_failure(failure, secrets)
        if links:
            links = scrub_links(links, self._limits, secrets)
        if started_ms is not None:
            started_ms += shift_ms
        return _new(
            CaseAttempt,
            (classname, name, outcome, duration_ms, started_ms, failure, file, retry, services, links),
        )

    def _clean_failure(self, failure: Failure, secrets: Counter[str]) -> Failure:
        """A failure as the store takes it; one that was prepared is."""
        if isinstance(failure, PreparedFailure):
            return failure
        return self._failures.get(failure) or self._scrub_failure(failure, secrets)

    def _scrub_failure(self, failure: Failure, secrets: Counter[str]) -> Failure:
        found = Counter[str]()
        clean = scrub_failure(failure, self._limits, found)
        if found:
            secrets.update(found)
        elif len(failure.message) + len(failure.text) <= _SHORT_CHARS:
            if len(self._failures) >= _CACHED_FAILURES:
                self._failures.clear()
            self._failures[failure] = clean
        return clean


def _key_of(names: Sequence[str]) -> tuple[int, str, str]:
    """What nearly always tells sequences of names apart."""
    return len(names), names[0], names[-1]


class Collected:
    """What a report says beside its attempts: identity and warnings, as they come."""

    def __init__(self) -> None:
        self.identity_so_far = RunIdentity()
        self.secrets: Counter[str] = Counter()
        self._warnings: dict[str, int] = {}

    def identity(self, known: RunIdentity) -> None:
        """Complete what is known; a stated start ranks above the earliest time found."""
        known, so_far = clean_identity(known, self.secrets), self.identity_so_far
        starts = [one for one in (so_far, known) if one.start_ms is not None]
        if len(starts) == 2:
            best = min(starts, key=lambda one: (bool(one.start_is_estimated), one.start_ms))
            so_far = replace(
                so_far,
                start_ms=best.start_ms,
                start_is_zoneless=best.start_is_zoneless,
                start_is_estimated=best.start_is_estimated,
            )
        self.identity_so_far = so_far.over(known)

    def warning(self, text: str) -> None:
        """Keep a sentence; equal ones are counted."""
        clean_text = redact(clean_line(text), self.secrets)[:500]
        self._warnings[clean_text] = self._warnings.get(clean_text, 0) + 1

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences in the order they came, repeated ones with their count; last, what was cut and taken out."""
        told = (text if count == 1 else f"{text} ({count} times)" for text, count in self._warnings.items())
        return (*told, *warnings_of(self.secrets))
