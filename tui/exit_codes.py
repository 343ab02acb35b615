"""The exit codes of the command line, in one place."""

from __future__ import annotations

OK = 0
PROBLEM = 1
"""The answer to a yes/no question is "problem"."""
USAGE = 2
REFUSED = 3
"""Some input was refused, the rest is in."""
UNUSABLE = 4
"""The store cannot be used."""
INTERRUPTED = 130
