"""Every payload that strangers may write into a text: our own list, and the one beside the checkout if there is one."""

from __future__ import annotations

import runpy
from pathlib import Path

from tests.tui.screens.hostile import HOSTILE

GENERATOR = Path(__file__).resolve().parents[4] / "shared" / "hostile" / "make_hostile.py"


def payloads() -> tuple[str, ...]:
    """All of them, each once."""
    shared = runpy.run_path(str(GENERATOR))["PAY"].values() if GENERATOR.exists() else ()
    return tuple(dict.fromkeys((*HOSTILE, *shared)))
