"""The parts of Cucumber Messages that are read, as typed structures; unknown keys are skipped.

Source: the JSON schemas of github.com/cucumber/messages, protocol versions 13 to 32.
"""

from __future__ import annotations

import msgspec


class _Camel(msgspec.Struct, gc=False, rename="camel"):
    """Structures whose keys are written in camel case."""


class Timestamp(_Camel):
    """A moment since the epoch, or a duration."""

    seconds: int | float | str = 0
    nanos: int = 0


class Tag(_Camel):
    """One tag of a pickle."""

    name: str = ""


class Git(_Camel):
    """What was checked out."""

    remote: str | None = None
    revision: str | None = None
    branch: str | None = None


class Ci(_Camel):
    """The CI server."""

    url: str | None = None
    git: Git | None = None


class Meta(_Camel):
    """Who writes."""

    protocol_version: str = ""
    ci: Ci | None = None


class Feature(_Camel):
    """A feature's head."""

    name: str = ""


class GherkinDocument(_Camel):
    """One feature file."""

    uri: str = ""
    feature: Feature | None = None


class PickleStep(_Camel):
    """One step of a pickle."""

    id: str
    text: str = ""


class Pickle(_Camel):
    """One scenario, or one row of an outline."""

    id: str
    uri: str = ""
    name: str = ""
    tags: list[Tag] | None = None
    steps: list[PickleStep] | None = None


class JavaMethod(_Camel):
    """A method that is a hook."""

    class_name: str = ""
    method_name: str = ""


class SourceReference(_Camel):
    """Where a hook is written."""

    uri: str | None = None
    java_method: JavaMethod | None = None


class Hook(_Camel):
    """One hook."""

    id: str
    name: str | None = None
    type: str | None = None
    source_reference: SourceReference | None = None


class TestStep(_Camel):
    """One step or hook of a test case."""

    id: str
    pickle_step_id: str | None = None
    hook_id: str | None = None

    __test__ = False  # pytest must not collect it


class TestCase(_Camel):
    """A pickle with its hooks."""

    id: str
    pickle_id: str
    test_steps: list[TestStep] | None = None

    __test__ = False


class TestCaseStarted(_Camel):
    """An attempt begins; `attempt` counts from 0."""

    id: str
    test_case_id: str
    attempt: int = 0
    timestamp: Timestamp | None = None

    __test__ = False


class Exception_(_Camel):
    """What was thrown."""

    type: str = ""
    message: str | None = None
    stack_trace: str | None = None


class StepOutcome(_Camel):
    """How a step or hook ended."""

    status: str = "UNKNOWN"
    message: str | None = None
    exception: Exception_ | None = None
    will_be_retried: bool = False


class TestStepFinished(_Camel):
    """A step or hook of an attempt has ended."""

    test_case_started_id: str
    test_step_id: str
    test_step_result: StepOutcome

    __test__ = False


class TestCaseFinished(_Camel):
    """An attempt has ended."""

    test_case_started_id: str
    timestamp: Timestamp | None = None
    will_be_retried: bool = False

    __test__ = False


class RunStarted(_Camel):
    """The run begins."""

    timestamp: Timestamp | None = None


class RunFinished(_Camel):
    """The run has ended."""

    success: bool | None = None
    message: str | None = None
    timestamp: Timestamp | None = None
    exception: Exception_ | None = None


class RunHookStarted(_Camel):
    """A hook of the run itself begins."""

    id: str
    hook_id: str = ""


class RunHookFinished(_Camel):
    """A hook of the run itself has ended."""

    test_run_hook_started_id: str
    result: StepOutcome


class Attachment(_Camel):
    """Something attached to an attempt."""

    test_case_started_id: str | None = None
    body: str = ""
    media_type: str = ""
    url: str | None = None


class ParseSource(_Camel):
    """The file that cannot be read."""

    uri: str = ""


class ParseError(_Camel):
    """A feature file that cannot be read."""

    message: str = ""
    source: ParseSource | None = None


class Envelope(_Camel):
    """One line: one of these."""

    meta: Meta | None = None
    gherkin_document: GherkinDocument | None = None
    pickle: Pickle | None = None
    hook: Hook | None = None
    parse_error: ParseError | None = None
    test_case: TestCase | None = None
    test_case_started: TestCaseStarted | None = None
    test_step_finished: TestStepFinished | None = None
    test_case_finished: TestCaseFinished | None = None
    attachment: Attachment | None = None
    external_attachment: Attachment | None = None
    test_run_started: RunStarted | None = None
    test_run_finished: RunFinished | None = None
    test_run_hook_started: RunHookStarted | None = None
    test_run_hook_finished: RunHookFinished | None = None
