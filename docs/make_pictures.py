"""Takes the README's pictures from the running dashboard on the sample reports.

    python docs/make_pictures.py [OUT]

Fonts that the pictures would fetch from elsewhere are taken out: a reader's own monospaced font is used.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC
from pathlib import Path

from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from ingest.model import FileOutcome, RunIdentity
from ingest.pipeline import Ingestion
from ingest.settings import load_settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input
from tui.answers.keeping import keep_triage
from tui.answers.query import Query
from tui.app import CrywolfApp

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 128
PICTURES: dict[str, tuple[Sequence[str], int]] = {
    "triage": ((), 32),
    "timeline": (("4",), 32),
    "test": (("2", "down", "down", "enter"), 44),
}
"""Picture -> keys that lead to it, and its lines."""
_FONT = re.compile(r"@font-face\s*\{[^}]*\}")


def main() -> None:
    """All pictures into a folder."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    out.mkdir(parents=True, exist_ok=True)
    data = ROOT / "sample_reports" / "data"
    settings = load_settings(data / "crywolf.toml")
    query = Query(settings=settings)
    with tempfile.TemporaryDirectory(prefix="crywolf-pictures-") as folder:
        database = Path(folder) / "sample.db"
        outcomes: list[FileOutcome] = []
        with Ingestion(database, settings, RunIdentity(), settings.limits, {}) as ingestion:
            ingestion.ingest_all((i for i in list_inputs([str(data)]) if isinstance(i, Input)), outcomes.append)
        keep_triage(database, query)
        for name, (keys, lines) in PICTURES.items():
            picture = asyncio.run(_take(database, query, keys, lines))
            (out / f"{name}.svg").write_text(_FONT.sub("", picture), encoding="utf-8")
            print(f"{name}.svg")


async def _take(database: Path, query: Query, keys: Sequence[str], lines: int) -> str:
    """SVG of what a person sees after some keys."""
    app = CrywolfApp(database, query, zone=UTC)
    async with app.run_test(size=(WIDTH, lines)) as pilot:
        await _settle(pilot)
        for key in keys:
            await pilot.press(key)
            await _settle(pilot)
        return app.export_screenshot(title="crywolf")


async def _settle(pilot: Pilot[object]) -> None:
    """Wait until nothing is being read any more."""
    for _ in range(4):
        with suppress(WorkerCancelled):  # another key took its place
            await pilot.app.workers.wait_for_complete()
        await pilot.pause(0.1)


if __name__ == "__main__":
    main()
