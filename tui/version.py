"""Which crywolf this is."""

from __future__ import annotations


def version() -> str:
    """Version of the installed distribution; `unknown` in a tree that was never installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("crywolf")
    except PackageNotFoundError:
        return "unknown"
