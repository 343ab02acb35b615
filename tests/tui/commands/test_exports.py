"""Exports and tables: foreign text stays text, and numbers stay what they are."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.records import Interval
from ingest.model import Scope, TestCase, Verdict
from tui.answers.flakes import FlakeRow, FlakesAnswer
from tui.answers.query import Window
from tui.exports.comma_separated import flakes_csv, inert
from tui.exports.documents import flakes_document
from tui.exports.files import write_whole
from tui.exports.markdown import code, flakes_markdown, for_terminal
from tui.output import json_text, one_line, percent, print_table
from tui.widgets.pieces import plain

HOSTILE = (
    "[red]x[/red]",
    "[/x]",
    "[@click=app.quit]x[/]",
    "a|b",
    "a\\|b",
    "`code`",
    "```\nfence",
    "<script>alert(1)</script>",
    "&lt;b&gt;",
    "@acme/everyone #12 !34",
    "[link](http://evil.example)",
    "www.evil.example",
    "=cmd|'/c calc'!A0",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    " =1",
    "\x1b]52;c;eA==\x07",
    "\x9b31m",
    "line\nbreak",
    "a\r\nb",
    'quote"quote',
    "\u202egnp",
    "日本語",
    "👩‍👩‍👧",
    "x" * 10_000,
    "\ud800",
    "",
)
ROW = FlakeRow(
    case=TestCase("acme/shop", "acme.CheckoutIT", "pays_with_card"),
    scope=Scope("nightly", "staging", "main", "browser=firefox"),
    owners=("@acme/journeys",),
    runs=41,
    masked_runs=1,
    failed_runs=1,
    flaky_runs=3,
    flake_rate=Interval(0.0714, 0.021, 0.19, 3, 41),
    retry_pass=(3, 41),
    same_code=None,
    flips=2,
    flip_rate=0.05,
    verdict=Verdict.FLAKY,
    age="long-standing",
    lost_seconds=12.5,
    flips_of=39,
)
WINDOW = Window(1_795_219_200_000, 1_796_428_800_000, 1_796_428_800_000)
ANSWER = FlakesAnswer(
    WINDOW, (ROW, replace(ROW, case=TestCase("n", "", "b"), owners=(), flake_rate=None, retry_pass=None))
)


def hostile_answer(text: str) -> FlakesAnswer:
    """One row in which everything foreign is one text."""
    scope = Scope(text, text, text, text)
    return FlakesAnswer(WINDOW, (replace(ROW, case=TestCase(text, text, text), scope=scope, owners=(text,)),))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    )
)
@example([{}, [], [[]], {"": [{}]}, 1e-05, 1e16, 2**70, -0.0, *HOSTILE])
def test_json_is_what_the_standard_library_writes(content: object) -> None:
    """Byte for byte, with an indent of one."""
    whole = {"schema_version": 1, "content": content}
    assert json_text({"content": content}) == json.dumps(whole, ensure_ascii=False, indent=1)


def test_json_knows_no_nan() -> None:
    """What is no number is a mistake of ours."""
    with pytest.raises(ValueError, match="JSON"):
        json_text({"rate": float("nan")})


def test_json_shape() -> None:
    """The documented keys, null where there is not enough data."""
    document = json.loads(json_text(flakes_document(ANSWER)))
    first, second = document["tests"]
    assert document["schema_version"] == 1
    assert first["test"] == "acme/shop::acme.CheckoutIT::pays_with_card"
    assert first["scope"] == {
        "pipeline": "nightly",
        "environment": "staging",
        "branch": "main",
        "variant": "browser=firefox",
    }
    assert first["flake_rate"] == {"estimate": 0.0714, "low": 0.021, "high": 0.19, "k": 3, "n": 41}
    assert first["evidence"] == {
        "retry_pass": 3,
        "retry_pass_runs": 41,
        "same_code": None,
        "same_code_runs": None,
        "flips": 2,
        "flips_of": 39,
        "retry_pass_rate": None,
        "same_code_rate": None,
    }
    assert (second["owner"], second["owners"], second["flake_rate"]) == (None, [], None)
    assert {"runs", "masked_runs", "failed_runs", "flaky_runs", "flip_rate", "verdict", "age", "lost_seconds"} <= set(
        first
    )


def test_csv_reads_back() -> None:
    """Numbers are numbers, what is not known is empty."""
    first, second = csv.DictReader(io.StringIO(flakes_csv(ANSWER)))
    assert (first["test"], first["flaky_runs"], first["flake_rate"]) == (
        "acme/shop::acme.CheckoutIT::pays_with_card",
        "3",
        "0.0714",
    )
    assert (second["flake_rate"], second["retry_pass"]) == ("", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_csv_holds_no_formula(text: str) -> None:
    """No cell starts like one, no control character is left, no row breaks."""
    rows = list(csv.reader(io.StringIO(flakes_csv(hostile_answer(text)))))
    assert [len(row) for row in rows] == [23, 23]
    for cell in rows[1]:
        assert not cell.lstrip(" ").startswith(("=", "+", "@", "\t")), cell
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", cell)


@given(st.text())
def test_inert_text_keeps_its_content(text: str) -> None:
    """Printable text that is no formula is not touched."""
    if text.isprintable() and text[:1].isalnum():
        assert inert(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_cells_cannot_be_broken(text: str) -> None:
    """One line a row, as many cells as headers, nothing between <code> and </code> that acts."""
    lines = flakes_markdown(hostile_answer(text)).splitlines()
    header, _, row = lines[-3:]
    assert row.count("|") == header.count("|") == 10
    for inside in re.findall(r"<code>(.*?)</code>", row):
        assert not re.search(r"[<>`\[\]\\|*@]|&(?!#\d+;)", inside), inside
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", row)


@given(st.text(alphabet=st.characters(blacklist_categories=("C", "Z"))))
def test_markdown_decodes_to_the_text(text: str) -> None:
    """What a renderer shows is what was written."""
    shown = code(text)
    assert shown == "-" or html.unescape(shown.removeprefix("<code>").removesuffix("</code>")) == text.strip()


@given(st.text(alphabet="&#x1b;<>/code*[]a 2J7\x1b\x9b\u202e\u2028" + "\n"))
@example("&#27;]0;x&#7;")
@example("&#38;#27;[2J")
@example("&amp;#x9b;2J</code>**")
@example("&bsol;&Tab;&NewLine;&lrm;")
def test_terminal_shows_names_as_they_are(text: str) -> None:
    """Entities of a stranger are letters: no name is altered by them, and no control comes of them."""
    assert for_terminal(f"- {code(text)} **unowned**") == f"- {plain(text).strip() or '-'} unowned"


@pytest.mark.parametrize("text", HOSTILE)
def test_tables_show_markup_as_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Off a terminal a cell is its text, on one line, whole."""
    cell = one_line(text).encode("utf-8", "replace").decode()
    print_table(("name", "n"), [(cell, "1")], numeric=(1,))
    lines = capsys.readouterr().out.split("\n")
    assert len(lines) == 3
    if cell.isprintable():
        assert lines[1].startswith(cell)


def test_an_export_replaces_a_file_whole(tmp_path_factory: pytest.TempPathFactory) -> None:
    """With the usual mode, and without a leftover."""
    folder = tmp_path_factory.mktemp("export")
    (folder / "out.md").write_text("old")
    write_whole(folder / "out.md", "new é")
    assert (folder / "out.md").read_text(encoding="utf-8") == "new é"
    assert [path.name for path in folder.iterdir()] == ["out.md"]


def test_percent() -> None:
    """Near the ends a digit is kept, so that 0 % and 100 % mean it."""
    assert [percent(value) for value in (0.0, 0.004, 0.5, 0.997, 1.0)] == ["0 %", "0.4 %", "50 %", "99.7 %", "100 %"]
