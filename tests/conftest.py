"""What every test starts from."""

from __future__ import annotations

import signal

# A shell that runs the tests in the background has them ignore ctrl+c, and the processes that they start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
