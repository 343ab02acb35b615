"""Reads Cucumber's JSON report as Cucumber-JVM, cucumber-js, Cucumber-Ruby and behave write it.

Rules, beside those of `gherkin`:

- Background steps that stand in an element of their own belong to the scenario after them. A background that failed
  without a scenario after it is the errored case `(background)`.
- Hooks are `before` and `after` of a scenario or step, or hidden steps; a failed one fails its scenario.
- The same line of the same file again is the next attempt of its case, in the order of the report; cucumber-js writes
  the last attempt only.
- Durations are nanoseconds; behave, which names a `location` and no `uri`, writes seconds. Its failed hooks are told by
  the status of scenario or feature only; a feature that failed without a scenario is the errored case `(feature)`.
- The browser, device and platform that launchers add to a feature's metadata are the variant when all features agree,
  else the class name starts with them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from ingest.formats.batches import batches, numbered
from ingest.formats.cucumber_shape import Element, Embedding, Feature, Step, Tag
from ingest.formats.gherkin import GREEN, Names, StepResult, file_of, judge
from ingest.formats.json_reader import decode, plain, read_document
from ingest.formats.json_values import milliseconds
from ingest.formats.notes import Notes
from ingest.formats.properties import services_in_tags
from ingest.formats.sink import ReportSink
from ingest.formats.values import moment
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity

_NANOSECONDS, _SECONDS = 1e-6, 1e3
_BACKGROUND = "(background)"
_VARIANT_KEYS = ("browser", "device", "platform")


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one Cucumber JSON report.

    Raises:
        Refused: `json-syntax`, `json-truncated`, `json-depth`, `json-encoding`, `schema` (with the JSON path),
            `too-large` or `empty-file`.
    """
    features = decode(read_document(stream, limits), list[Feature])
    notes = Notes()
    reader = _Features(features, limits, notes)
    sink.identity(reader.identity())
    for batch in batches(reader.attempts()):
        sink.attempts(batch)
    notes.tell(sink)


class _Scenario(NamedTuple):
    """One execution of a scenario: its element and the background before it."""

    feature: Feature
    element: Element
    background: tuple[tuple[Step, bool], ...]


class _Features:
    """Features of one report -> attempts."""

    def __init__(self, features: list[Feature], limits: Limits, notes: Notes) -> None:
        self._features = features
        self._limits = limits
        self._notes = notes
        self._names = Names()
        self._variants = [_variant(feature) for feature in features]
        self._is_alone = len(set(self._variants)) < 2

    def identity(self) -> RunIdentity:
        """The earliest start of a scenario and the variant that all features name."""
        stamps = (one.start_timestamp or "" for feature in self._features for one in feature.elements or ())
        starts = [when for stamp in stamps if stamp and (when := moment(stamp)) is not None]
        variant = self._variants[0] if self._variants and self._is_alone else ()
        if not starts:
            return RunIdentity(variant=variant or None)
        first = min(starts)
        return RunIdentity(
            start_ms=first.ms,
            start_is_zoneless=first.is_zoneless,
            start_is_estimated=True,
            variant=variant or None,
        )

    def attempts(self) -> Iterator[CaseAttempt]:
        """Attempts in the order of the report, those of one scenario together."""
        executions: dict[tuple[object, ...], list[_Scenario]] = {}
        for feature, variant in zip(self._features, self._variants, strict=True):
            for number, scenario in enumerate(_scenarios(feature)):
                element = scenario.element
                line = element.location or bytes(element.line) or (id(feature), number)
                key: tuple[object, ...] = (variant, feature.uri or feature.location, line, element.name, element.type)
                executions.setdefault(key, []).append(scenario)
        for key, scenarios in executions.items():
            yield from self._case(scenarios, () if self._is_alone else key[0])
        for feature in self._features:
            yield from self._feature_failure(feature)

    def _feature_failure(self, feature: Feature) -> Iterator[CaseAttempt]:
        """behave states a failed hook of a feature as the feature's status only."""
        status = (feature.status or "").lower()
        if status in GREEN or any((one.status or "").lower() not in GREEN for one in feature.elements or ()):
            return
        file = _without_line(feature.location or "")
        classname = (feature.name or "").strip() or file
        failure = Failure("", f"the feature ended with the status {status}", "")
        yield CaseAttempt(
            classname, self._names.of(classname, "(feature)"), Outcome.ERRORED, failure=failure, file=file or None
        )

    def _case(self, scenarios: list[_Scenario], variant: object) -> Iterator[CaseAttempt]:
        feature, element, _ = scenarios[0]
        file = file_of(feature.uri or _without_line(feature.location or ""))
        classname = (feature.name or "").strip() or file
        if isinstance(variant, tuple) and variant:
            classname = f"[{', '.join(value for _, value in variant)}] › {classname}"
        name = _BACKGROUND if element.type == "background" else element.name or ""
        services = services_in_tags([*_tags(feature.tags), *_tags(element.tags)])[: self._limits.services_per_case]
        own = CaseAttempt(
            classname, self._names.of(classname, name), Outcome.PASSED, file=file or None, services=services
        )
        yield from numbered(self._attempt(own, scenario) for scenario in scenarios)

    def _attempt(self, own: CaseAttempt, scenario: _Scenario) -> CaseAttempt:
        feature, element, background = scenario
        is_behave = feature.uri is None and feature.location is not None
        unit_ms = _SECONDS if is_behave else _NANOSECONDS
        results: list[StepResult] = []
        durations: list[float] = []
        for step, is_hook in _in_order(element, background):
            results.append(_result(step, is_hook))
            taken = milliseconds(step.result.duration, self._notes, unit_ms) if step.result else None
            durations += [] if taken is None else [taken]
        ended = [result for result in results if result.status]
        if is_behave and element.status:
            ended.append(StepResult(element.status.lower(), "", True))
        outcome, failure = judge(ended)
        if element.type == "background" and outcome != Outcome.PASSED:
            outcome = Outcome.ERRORED
        started = moment(element.start_timestamp or "")
        return own._replace(
            outcome=outcome,
            duration_ms=int(sum(durations) + 0.5) if durations else None,
            started_ms=None if started is None else started.ms,
            failure=failure,
            links=self._links(element),
        )

    def _links(self, element: Element) -> tuple[Link, ...]:
        links: list[Link] = []
        for step, _ in _in_order(element, ()):
            for embedding in step.embeddings or ():
                url = _url(embedding)
                if url:
                    links.append(Link("url", url))
        return tuple(dict.fromkeys(links))[: self._limits.links_per_attempt]


def _scenarios(feature: Feature) -> Iterator[_Scenario]:
    """Scenarios of a feature with the background before each; a red background without a scenario stands alone."""
    background: list[Element] = []
    for element in feature.elements or ():
        if element.type == "background":
            background.append(element)
            continue
        yield _Scenario(feature, element, tuple(step for one in background for step in _in_order(one, ())))
        background = []
    for element in background:
        results = [_result(step, is_hook) for step, is_hook in _in_order(element, ())]
        if judge([result for result in results if result.status])[0] in (Outcome.FAILED, Outcome.ERRORED):
            yield _Scenario(feature, element, ())


def _in_order(element: Element, background: tuple[tuple[Step, bool], ...]) -> Iterator[tuple[Step, bool]]:
    """Hooks and steps of a scenario as they ran, each with whether it is a hook."""
    yield from background
    for hook in element.before or ():
        yield hook, True
    for step in element.steps or ():
        for hook in step.before or ():
            yield hook, True
        is_hook = step.hidden is True or (not step.name and (step.keyword or "").strip() in ("Before", "After"))
        yield step, is_hook
        for hook in step.after or ():
            yield hook, True
    for hook in element.after or ():
        yield hook, True


def _result(step: Step, is_hook: bool) -> StepResult:
    result = step.result
    if result is None or not result.status:
        return StepResult("", "", is_hook)
    error = result.error_message
    text = "\n".join(error) if isinstance(error, list) else error or ""
    words = f"{step.keyword or ''} {step.name or ''}" if not is_hook else (step.keyword or "").strip() or "hook"
    return StepResult(result.status.strip().lower(), " ".join(words.split()), is_hook, text)


def _tags(tags: list[Tag | str] | None) -> list[str]:
    return [tag if isinstance(tag, str) else tag.name for tag in tags or ()]


def _variant(feature: Feature) -> tuple[tuple[str, str], ...]:
    """Browser, device and platform of a feature's metadata, by name and without versions."""
    metadata = plain(feature.metadata)
    if not isinstance(metadata, dict):
        return ()
    found = []
    for key in _VARIANT_KEYS:
        value = metadata.get(key)
        value = value.get("name") if isinstance(value, dict) else value
        if isinstance(value, str) and value.strip():
            found.append((key, value.strip()))
    return tuple(found)


def _url(embedding: Embedding) -> str:
    """The address that an attached link holds; empty for anything else."""
    if plain(embedding.mime_type) != "text/uri-list":
        return ""
    data = plain(embedding.data)
    text = data if isinstance(data, str) else ""
    if not text.startswith(("http://", "https://")):
        try:
            text = base64.b64decode(text, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""
    return text.strip() if text.startswith(("http://", "https://")) else ""


def _without_line(location: str) -> str:
    """A place without its line.

    >>> _without_line("features/a.feature:12")
    'features/a.feature'
    """
    file, colon, line = location.rpartition(":")
    return file if colon and line.isdigit() else location
