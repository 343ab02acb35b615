"""The parts of a CTRF document that are read, as typed structures; unknown keys are skipped.

What writers get wrong often and what decides nothing but itself (numbers, output, extensions) is left raw.
"""

from __future__ import annotations

import msgspec

_NOTHING = msgspec.Raw(b"")
_Text = str | int | float | bool | None


class Attachment(msgspec.Struct, gc=False):
    """A file that belongs to an attempt."""

    path: str = ""


class Attempt(msgspec.Struct, gc=False):
    """One entry of `retryAttempts`."""

    status: str = ""
    attempt: msgspec.Raw = _NOTHING
    duration: msgspec.Raw = _NOTHING
    start: msgspec.Raw = _NOTHING
    message: _Text = None
    trace: _Text = None
    stdout: msgspec.Raw = _NOTHING
    stderr: msgspec.Raw = _NOTHING
    attachments: list[Attachment] | None = None


class Test(msgspec.Struct, gc=False, rename="camel"):
    """One entry of `results.tests`."""

    name: str
    status: str = ""
    duration: msgspec.Raw = _NOTHING
    start: msgspec.Raw = _NOTHING
    suite: str | list[str] | None = None
    message: _Text = None
    trace: _Text = None
    raw_status: str | None = None
    file_path: str | None = None
    retries: msgspec.Raw = _NOTHING
    retry_attempts: list[Attempt] | None = None
    flaky: bool | None = None
    browser: str | None = None
    device: str | None = None
    stdout: msgspec.Raw = _NOTHING
    stderr: msgspec.Raw = _NOTHING
    attachments: list[Attachment] | None = None
    labels: msgspec.Raw = _NOTHING
    extra: msgspec.Raw = _NOTHING

    __test__ = False  # pytest must not collect it


class Environment(msgspec.Struct, gc=False, rename="camel"):
    """`results.environment`."""

    app_name: str | None = None
    app_version: str | None = None
    build_id: str | None = None
    build_name: str | None = None
    build_number: msgspec.Raw = _NOTHING
    build_url: str | None = None
    repository_name: str | None = None
    commit: str | None = None
    branch_name: str | None = None
    test_environment: str | None = None
    shard_id: str | None = None
    extra: msgspec.Raw = _NOTHING


class Summary(msgspec.Struct, gc=False):
    """`results.summary`."""

    tests: msgspec.Raw = _NOTHING
    start: msgspec.Raw = _NOTHING
    stop: msgspec.Raw = _NOTHING


class Results(msgspec.Struct, gc=False):
    """`results`."""

    tests: list[Test]
    summary: Summary | None = None
    environment: Environment | None = None
    extra: msgspec.Raw = _NOTHING


class Report(msgspec.Struct, gc=False, rename="camel"):
    """The document."""

    results: Results
    run_id: str | None = None
    extra: msgspec.Raw = _NOTHING


class _RawResults(msgspec.Struct, gc=False):
    tests: list[msgspec.Raw]


class TestsOnly(msgspec.Struct, gc=False):
    """The document with its tests undecoded: to find which one is wrong."""

    results: _RawResults

    __test__ = False
