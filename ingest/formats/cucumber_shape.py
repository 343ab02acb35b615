"""The parts of a Cucumber JSON report that are read, as typed structures; unknown keys are skipped."""

from __future__ import annotations

import msgspec

_NOTHING = msgspec.Raw(b"")


class Outcome(msgspec.Struct, gc=False):
    """How a step or hook ended. behave writes its message as a list of lines."""

    status: str | None = None
    duration: msgspec.Raw = _NOTHING
    error_message: str | list[str] | None = None


class Embedding(msgspec.Struct, gc=False):
    """Something attached. Its text is base64, or plain in reports of some writers."""

    data: msgspec.Raw = _NOTHING
    mime_type: msgspec.Raw = _NOTHING


class Step(msgspec.Struct, gc=False):
    """One step or hook."""

    keyword: str | None = None
    name: str | None = None
    hidden: bool | None = None
    result: Outcome | None = None
    before: list[Step] | None = None
    after: list[Step] | None = None
    embeddings: list[Embedding] | None = None


class Tag(msgspec.Struct, gc=False):
    """One tag."""

    name: str = ""


class Element(msgspec.Struct, gc=False):
    """A scenario, a row of an outline, or a background."""

    name: str | None = None
    type: str | None = None
    keyword: str | None = None
    id: str | None = None
    line: msgspec.Raw = _NOTHING
    location: str | None = None
    status: str | None = None
    start_timestamp: str | None = None
    tags: list[Tag | str] | None = None
    before: list[Step] | None = None
    steps: list[Step] | None = None
    after: list[Step] | None = None


class Feature(msgspec.Struct, gc=False):
    """One feature file, or a part of it."""

    elements: list[Element] | None = None
    uri: str | None = None
    location: str | None = None
    status: str | None = None
    name: str | None = None
    tags: list[Tag | str] | None = None
    metadata: msgspec.Raw = _NOTHING
