"""The dashboard over made-up answers as a program, for tests in a real terminal: `plain` or `hostile`."""

from __future__ import annotations

import sys
from datetime import UTC
from pathlib import Path

from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.hostile import HOSTILE
from tests.tui.screens.test_hostile_names import HostileAnswers
from tui.answers.query import Query
from tui.app import CrywolfApp

if __name__ == "__main__":
    answers = HostileAnswers(HOSTILE) if sys.argv[1:] == ["hostile"] else FakeAnswers()
    CrywolfApp(Path("store.db"), Query(environment="staging", branch="main"), answers=answers, zone=UTC).run()
