"""The parts of Newman's JSON report that are read, as typed structures; unknown keys, such as bodies, are skipped."""

from __future__ import annotations

import msgspec

_NOTHING = msgspec.Raw(b"")


class Info(msgspec.Struct, gc=False):
    """The collection's head."""

    name: str | None = None


class Item(msgspec.Struct, gc=False):
    """A request, or a folder of items."""

    id: str | None = None
    name: str | None = None
    item: list[Item] | None = None


class Collection(msgspec.Struct, gc=False):
    """The collection that ran."""

    info: Info | None = None
    item: list[Item] | None = None


class Environment(msgspec.Struct, gc=False):
    """The environment that was chosen."""

    name: str | None = None


class Thrown(msgspec.Struct, gc=False):
    """An error of an assertion, a script, a request or the run."""

    name: str | None = None
    message: str | None = None
    stack: str | None = None
    code: str | int | None = None


class Assertion(msgspec.Struct, gc=False):
    """One `pm.test`."""

    assertion: str | None = None
    skipped: bool | None = None
    error: Thrown | None = None


class Script(msgspec.Struct, gc=False):
    """One run of a script."""

    error: Thrown | None = None


class Cursor(msgspec.Struct, gc=False):
    """Where in the run an execution stands."""

    iteration: int = 0
    cycles: int = 1


class Response(msgspec.Struct, gc=False, rename="camel"):
    """What came back."""

    response_time: msgspec.Raw = _NOTHING


class Execution(msgspec.Struct, gc=False, rename="camel"):
    """One request of one iteration."""

    cursor: Cursor | None = None
    item: Item | None = None
    response: Response | None = None
    assertions: list[Assertion] | None = None
    request_error: Thrown | None = None
    prerequest_script: list[Script] | None = None
    test_script: list[Script] | None = None


class Source(msgspec.Struct, gc=False):
    """The item that a failure names."""

    id: str | None = None


class FailureCursor(msgspec.Struct, gc=False):
    """The iteration that a failure names."""

    iteration: int | None = None


class RunFailure(msgspec.Struct, gc=False):
    """One entry of the list of all failures."""

    error: Thrown | None = None
    at: str = ""
    source: Source | None = None
    cursor: FailureCursor | None = None


class Timings(msgspec.Struct, gc=False):
    """When the run began and ended."""

    started: msgspec.Raw = _NOTHING
    completed: msgspec.Raw = _NOTHING


class Run(msgspec.Struct, gc=False):
    """What happened."""

    executions: list[Execution] | None = None
    failures: list[RunFailure] | None = None
    error: Thrown | str | None = None
    timings: Timings | None = None


class Report(msgspec.Struct, gc=False):
    """The document."""

    run: Run
    collection: Collection | None = None
    environment: Environment | None = None
