"""The parts of a Playwright JSON report that are read, as typed structures; unknown keys are skipped."""

from __future__ import annotations

import msgspec

_NOTHING = msgspec.Raw(b"")


class Place(msgspec.Struct, gc=False):
    """Where in the sources something stands."""

    file: str = ""


class Error(msgspec.Struct, gc=False):
    """One error of a result or of the run."""

    message: str | None = None
    stack: str | None = None
    value: str | None = None
    location: Place | None = None


class Attachment(msgspec.Struct, gc=False):
    """One attachment; what has no path lies in the report itself."""

    path: str | None = None


class Annotation(msgspec.Struct, gc=False):
    """One annotation of a test."""

    type: str = ""
    description: str | None = None


class Result(msgspec.Struct, gc=False, rename="camel"):
    """One try of a test."""

    status: str | None = None
    duration: msgspec.Raw = _NOTHING
    start_time: str | None = None
    error: Error | None = None
    errors: list[Error] | None = None
    stdout: msgspec.Raw = _NOTHING
    stderr: msgspec.Raw = _NOTHING
    annotations: list[Annotation] | None = None
    attachments: list[Attachment] | None = None


class Test(msgspec.Struct, gc=False, rename="camel"):
    """One test in one project."""

    expected_status: str | None = None
    status: str | None = None
    project_name: str | None = None
    annotations: list[Annotation] | None = None
    results: list[Result] | None = None

    __test__ = False  # pytest must not collect it


class Spec(msgspec.Struct, gc=False):
    """One test as written, with its run in each project."""

    title: str
    tests: list[Test]
    file: str = ""
    tags: list[str] | None = None


class Suite(msgspec.Struct, gc=False):
    """A file, or a `describe` inside one."""

    title: str = ""
    file: str = ""
    specs: list[Spec] | None = None
    suites: list[Suite] | None = None


class Shard(msgspec.Struct, gc=False):
    """Which part of the tests this report holds."""

    current: int = 0
    total: int = 0


class Project(msgspec.Struct, gc=False):
    """One project of the configuration."""

    name: str | None = None


class Config(msgspec.Struct, gc=False, rename="camel"):
    """The configuration that the run had."""

    config_file: str | None = None
    root_dir: str | None = None
    shard: Shard | None = None
    projects: list[Project] | None = None
    metadata: msgspec.Raw = _NOTHING


class Stats(msgspec.Struct, gc=False, rename="camel"):
    """Totals; `expected` and the like are compared with what is read."""

    start_time: str | None = None
    duration: msgspec.Raw = _NOTHING
    expected: msgspec.Raw = _NOTHING
    unexpected: msgspec.Raw = _NOTHING
    flaky: msgspec.Raw = _NOTHING
    skipped: msgspec.Raw = _NOTHING


class Report(msgspec.Struct, gc=False):
    """The document."""

    suites: list[Suite]
    config: Config | None = None
    errors: list[Error] | None = None
    stats: Stats | None = None
