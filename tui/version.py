"""Which crywolf this is."""

from __future__ import annotations

VERSION = "0.1.0"
"""The distribution's; the build reads it from here. Asking the installed distribution costs 30 ms at every start."""


def version() -> str:
    """Version of crywolf."""
    return VERSION
