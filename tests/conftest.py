"""What every test starts from."""

from __future__ import annotations

import gc
import os
import signal

from hypothesis import HealthCheck, settings

# Properties are about values: how long an example takes says how busy the machine is, and the bench measures the rest.
# Every run tries the same examples, so that a test fails for what was changed; `make soak` tries others each time.
settings.register_profile(
    "crywolf",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CRYWOLF_EXAMPLES") != "random",
)
settings.load_profile("crywolf")

# A shell that runs the tests in the background has them ignore ctrl+c, and the processes that they start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """The modules and items of thousands of tests stay to the end: nobody need look through them for garbage again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
