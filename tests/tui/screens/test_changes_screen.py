"""Changes: who is suspected, what a change holds, and what came since the last green nightly."""

from __future__ import annotations

from dataclasses import replace

from store.read.changes import SeenIncident
from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.fakes import NOW_MS
from tui.screens.note import NoteView
from tui.widgets.line_table import LineTable


async def test_the_pane_says_what_a_change_is_suspected_of(make_app: AppMaker) -> None:
    """Probability and incident, what turned red after it, its files and its link; o opens it."""
    opened: list[str] = []

    def opener(url: str) -> bool:
        opened.append(url)
        return True

    app = make_app(opener=opener)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "5")
        text = screen_text(app)
        assert "4 changes   1 before new red   1 suspected" in text
        assert "suspected with .91 of 503 from payments on POST /charge" in text
        assert "9 tests turned red in the first run after it, within 6 h" in text
        assert "src/main/java/acme/payments/Token.java" in text
        assert "272 lines" in text
        await press(pilot, "o")
        assert opened == ["https://git.example.com/payments/commit/7f3a91"]
        await press(pilot, "j")
        assert "suspected with" not in screen_text(app)


async def test_since_the_last_green_nightly(make_app: AppMaker) -> None:
    """n narrows the feed to it and says which run it was; again shows the whole window."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "5")
        table = app.screen.query_one("#changes", LineTable)
        assert "green nightly run 6212, 18 Nov 22:40" in screen_text(app)
        assert len(table.keys) == 4
        await press(pilot, "n")
        assert len(table.keys) == 2
        assert "since green nightly run 6212" in screen_text(app)
        await press(pilot, "n")
        assert len(table.keys) == 4
    assert [what[2] for what in answers.asked if what[0] == "changes"] == [False, True, False]


async def test_nothing_changed_since(make_app: AppMaker) -> None:
    """A designed screen, from which n goes back."""
    old = FakeAnswers().change_rows[-1]
    app = make_app(FakeAnswers(change_rows=(replace(old, suspicion=None),)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "5", "n")
        assert "No change since the last green nightly" in screen_text(app)
        await press(pilot, "n")
        assert len(app.screen.query_one("#changes", LineTable).keys) == 1


async def test_what_monitors_told_stands_among_the_changes(make_app: AppMaker) -> None:
    """In order of time, found by the filter, with its link; enter tells all that was told; it is no suspect."""
    opened: list[str] = []
    address = "https://status.example.com/INC-7"

    def opener(url: str) -> bool:
        opened.append(url)
        return True

    told = SeenIncident("n1", "detected", "INC-7", NOW_MS - 1, "staging", "payments", "card gateway times out", address)
    over = replace(told, note_id="n2", state="resolved", at_ms=0)
    app = make_app(FakeAnswers(notes=(told, over)), opener=opener)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "5")
        text = screen_text(app)
        assert "4 changes" in text
        assert "2 told by monitors" in text
        assert "incident detected" in text
        assert "nothing is concluded from it" in text
        await press(pilot, "o")
        assert opened == [address]
        table = app.screen.query_one(LineTable)
        assert len(table.keys) == 6
        await press(pilot, "enter")
        assert isinstance(app.screen, NoteView)
        text = screen_text(app)
        for words in ("card gateway times out", "INC-7", address, "What was told of it", "resolved"):
            assert words in text
        await press(pilot, "o", "escape")
        assert opened == [address, address]
        await press(pilot, "slash", *"kind:incident", "enter")
        assert len(app.screen.query_one(LineTable).keys) == 2
