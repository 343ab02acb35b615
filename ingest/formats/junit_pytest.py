"""What is peculiar to pytest's JUnit reports. Seen in pytest 8.4 and 9.2 with xdist 3.8, rerunfailures 16.7. Pure.

- An attempt that pytest-rerunfailures tries again stands there as a case without children, as if it had passed. The
  attempts of pytest's suites carry a negative `retry` for that; the store knows when another one of the same case
  follows, side by side or, with xdist, further down.
- A test that fails and whose tear-down errors as well is written as two cases; they are one attempt here.
- A crash of an xdist worker whose test is run again leaves a case without any name; the test itself follows.
"""

from __future__ import annotations

from collections.abc import Callable

from ingest.model import CaseAttempt, Outcome

NAMELESS = "pytest wrote an attempt without a name: a worker crashed and its test was run again"

TEARDOWN = "failed on teardown with "
"""How the message of an error begins that belongs to an earlier case."""
_LOOK_BACK = 64


def in_pytest(attempts: list[CaseAttempt], retry: int, before: Callable[[], list[CaseAttempt]]) -> list[CaseAttempt]:
    """The attempts of a case with children, marked as those of a suite of pytest.

    Args:
        attempts: one, as pytest marks no retries.
        retry: that of the suite.
        before: the attempts that wait to be handed over; the failing one that an error in tear-down belongs to is
            changed.

    Returns:
        The attempts to hand over; none when they went into an earlier one.
    """
    own = attempts[0]
    if own.outcome is Outcome.ERRORED and own.failure is not None and own.failure.message.startswith(TEARDOWN):
        waiting = before()
        for at in range(len(waiting) - 1, max(-1, len(waiting) - 1 - _LOOK_BACK), -1):
            earlier = waiting[at]
            if (earlier.name, earlier.classname, earlier.retry) == (own.name, own.classname, retry):
                if earlier.outcome is not Outcome.FAILED or earlier.failure is None:
                    break
                text = "\n\n".join(
                    part for part in (earlier.failure.text, own.failure.message, own.failure.text) if part
                )
                waiting[at] = earlier._replace(failure=earlier.failure._replace(text=text))
                return []
    return [attempt._replace(retry=attempt.retry or retry) for attempt in attempts]
