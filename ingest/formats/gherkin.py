"""What the report formats of Cucumber share: names of cases and outcomes of steps.

Rules:

- Class name: the feature's name, its file where it has none. Name: the scenario's. Rows of an outline whose name says
  nothing of the row share one; the second and later cases of one name are numbered `name#2` in the order of the report.
- What Cucumber calls failed has failed. A failed hook, and a step that is undefined, ambiguous or pending, is errored:
  Cucumber, which is strict, fails the run for each of them.
- The first result that is not passed decides, because the steps after it are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ingest.formats.json_values import error_parts
from ingest.model import Failure, Outcome

NO_NAME = "(no name)"

_SCHEME = re.compile(r"(?:file|classpath):(?://)?")
_RUBY_NAME = re.compile(r"(.*) \(([A-Z]\w*(?:::\w+)*)\)")
_SKIPPED = frozenset({"skipped", "untested", "untested_pending", "untested_undefined", "pending_warn"})
GREEN = _SKIPPED | {"", "passed"}
"""Statuses that fail no run; those with `pending` and `untested` are behave's."""
_RED = {"failed": "", "undefined": "undefined step: ", "ambiguous": "ambiguous step: ", "pending": "pending step: "}


class StepResult(NamedTuple):
    """How one step or hook of a scenario ended."""

    status: str
    """In lower case: passed, failed, skipped, pending, undefined, ambiguous, unknown or something else."""
    step: str
    """As a person reads it, `When I pay`; of a hook what it is, `Before`."""
    is_hook: bool
    error: str = ""


class Names:
    """Gives every case of a report a name of its own within its class name."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def of(self, classname: str, name: str) -> str:
        """The name of the next case.

        >>> names = Names()
        >>> [names.of("Basket", "adds") for _ in range(2)], names.of("Till", "adds")
        (['adds', 'adds#2'], 'adds')
        """
        name = name.strip() or NO_NAME
        number = self._numbers.get((classname, name), 0) + 1
        self._numbers[classname, name] = number
        return name if number == 1 else f"{name}#{number}"


def file_of(uri: str) -> str:
    """The path of a feature file without its scheme.

    >>> file_of("classpath:shop/basket.feature"), file_of("features\\\\a.feature")
    ('shop/basket.feature', 'features/a.feature')
    """
    return _SCHEME.sub("", uri, count=1).replace("\\", "/")


def judge(results: Sequence[StepResult]) -> tuple[Outcome, Failure | None]:
    """How a scenario ended whose steps and hooks ended so.

    >>> judge([StepResult("passed", "Given a", False), StepResult("undefined", "When b", False)])
    (<Outcome.ERRORED: 2>, Failure(type='', message='undefined step: When b', text='When b'))
    """
    for result in results:
        if result.status not in GREEN:
            is_assertion = result.status == "failed" and not result.is_hook
            return Outcome.FAILED if is_assertion else Outcome.ERRORED, _failure(result)
    skipped = next((result for result in results if result.status in _SKIPPED), None)
    if skipped is None:
        return Outcome.PASSED, None
    message = error_parts(skipped.error)[1].partition("\n")[0]
    return Outcome.SKIPPED, Failure("", message, "") if message else None


def _failure(result: StepResult) -> Failure:
    kind, message = error_parts(result.error)
    message = message.partition("\n")[0].rstrip()
    ruby = _RUBY_NAME.fullmatch(message)
    if ruby and not kind:
        message, kind = ruby[1], ruby[2]
    prefix = _RED.get(result.status, f"{result.status}: ")
    text = "\n".join(part for part in (result.step, result.error) if part)
    if result.status in ("undefined", "ambiguous"):
        return Failure(kind, f"{prefix}{result.step}", text)
    return Failure(kind, message or f"{prefix or 'failed: '}{result.step or 'a hook'}", text)
