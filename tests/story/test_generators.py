"""The sample is what its truth says: same bytes every time, small, countable, renamed and moved as a whole."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sample_reports.generate import all_names, generate
from tests.awkward_week.generate import generate as generate_week
from tests.story.counting import contents, files_below, is_report, left_over, moved, names_of, outcomes_of
from tests.story.truth import load_sample, week_truth

COMMITTED = Path(__file__).resolve().parents[2] / "sample_reports"
STAMP = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"
SHIFT_S = 400 * 86400 + 4711


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The sample as the script writes it now."""
    out = tmp_path_factory.mktemp("sample")
    return out, generate(out)


def test_committed_files_are_what_the_script_writes(written: tuple[Path, dict[str, Any]]) -> None:
    """Content is compared unpacked: other zlibs may pack the same bytes differently."""
    assert contents(COMMITTED / "data") == contents(written[0] / "data")
    assert (COMMITTED / "truth.json").read_bytes() == (written[0] / "truth.json").read_bytes()


def test_two_runs_write_the_same_bytes(written: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """Nothing depends on the clock, the hash seed or the folder; an earlier sample is replaced."""
    generate(tmp_path, permute=3)
    generate(tmp_path)
    for path in files_below(written[0]):
        assert (tmp_path / path.relative_to(written[0])).read_bytes() == path.read_bytes()
    assert len(files_below(tmp_path)) == len(files_below(written[0]))


def test_foreign_folders_are_not_replaced(tmp_path: Path) -> None:
    """A folder that holds something else is refused, not emptied."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError):
        generate(tmp_path)


def test_sample_is_small() -> None:
    """Under 3 MB and 1,200 files."""
    files = files_below(COMMITTED / "data")
    assert sum(p.stat().st_size for p in files) < 3_000_000
    assert len(files) < 1_200


def test_counts_are_those_of_the_files(written: tuple[Path, dict[str, Any]]) -> None:
    """Runs, reports, results, attempts and outcomes of every pipeline, counted from the files alone."""
    out, truth = written
    for pipeline in truth["pipelines"]:
        folder = out / "data" / pipeline["name"]
        reports = [p for p in files_below(folder) if is_report(p)]
        found = [row for p in reports for row in outcomes_of(p)]
        counts = Counter(outcome for outcome, _ in found)
        assert len(list(folder.iterdir())) == pipeline["runs"]
        assert len(reports) == pipeline["reports"]
        assert len(found) == pipeline["results"]
        assert sum(attempts for _, attempts in found) == pipeline["attempts"]
        assert {k: v for k, v in pipeline["outcomes"].items() if v} == dict(counts)
        assert len({name for p in reports for name in names_of(p)}) == pipeline["tests"]


def test_incidents_are_red_where_the_truth_says(written: tuple[Path, dict[str, Any]]) -> None:
    """The tests of an incident fail in its red runs, and pass in the last good one and in the one that healed."""
    out, truth = written
    for incident in truth["incidents"]:
        folder = out / "data" / incident["scope"]["pipeline"]
        tests = {tuple(t.split("::", 1)[1].split("::")) for t in incident["tests"]}
        for run in incident["red_runs"]:
            assert tests <= _red(folder / run)
        for run in (incident["onset"]["last_good"], incident["healed_in"]):
            assert run is None or not tests & _red(folder / run)


def _red(folder: Path) -> set[tuple[str, ...]]:
    red: set[tuple[str, ...]] = set()
    for path in files_below(folder):
        if is_report(path):
            pairs = zip(names_of(path), outcomes_of(path), strict=True)
            red |= {name for name, (outcome, _) in pairs if outcome in ("failed", "errored")}
    return red


def test_everything_red_in_the_last_runs_is_known(written: tuple[Path, dict[str, Any]]) -> None:
    """`red_now` lists each red test of the last baseline run of each pipeline, and nothing else."""
    out, truth = written
    for pipeline in truth["pipelines"]:
        rows = [r for r in truth["red_now"] if r["scope"]["pipeline"] == pipeline["name"]]
        said = {tuple(r["test"].split("::", 1)[1].split("::")) for r in rows}
        last = rows[0]["run"] if rows else pipeline["last_run"]
        assert _red(out / "data" / pipeline["name"] / last) == said


def test_red_runs_of_flaky_tests_stand_between_passes_of_one_code(written: tuple[Path, dict[str, Any]]) -> None:
    """Nothing was deployed there from the run before to the run after, and the tests are of one revision."""
    out, truth = written
    hourly = out / "data" / "journeys-hourly"
    changed = sorted(set(re.findall(STAMP, (out / "data/changes/staging.jsonl").read_text(encoding="utf-8"))))
    for path in (out / "data/changes/github").glob("*-staging-*.json"):
        changed.append(json.loads(path.read_text(encoding="utf-8"))["deployment_status"]["created_at"])
    checked = 0
    for flake in truth["flakes"]:
        test = tuple(flake["test"].split("::")[1:])
        for run in flake["red_runs"][: flake["same_code"]]:
            folders = [hourly / str(int(run) + k) for k in (-1, 0, 1)]
            said = ["".join(contents(f).values()) for f in folders]
            stamps = [stamp for text in said for stamp in re.findall(STAMP, text)]
            assert [test in _red(f) for f in folders] == [False, True, False]
            assert len({r for text in said for r in re.findall(r'head\.revision" value="(\w+)"', text)}) == 1
            assert not [c for c in changed if min(stamps) <= c <= max(stamps)]
            checked += 1
    assert checked == sum(f["same_code"] for f in truth["flakes"])


def test_changes_are_counted(written: tuple[Path, dict[str, Any]]) -> None:
    """One change a CDEvent, a deployment, a push and a row of the table."""
    out, truth = written
    folder = out / "data" / "changes"
    events = sum(len(p.read_text(encoding="utf-8").splitlines()) for p in folder.glob("*.jsonl"))
    rows = len((folder / "first-day.csv").read_text(encoding="utf-8").splitlines()) - 1
    webhooks = [json.loads(p.read_text(encoding="utf-8")) for p in (folder / "github").iterdir()]
    pushes = sum("commits" in w for w in webhooks)
    assert truth["changes"]["by_feed"] == {
        "cdevents": events,
        "github": len(webhooks) - pushes,
        "csv": rows,
        "push": pushes,
    }


def test_permuted_story_keeps_no_old_name(written: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """Same shape in other words: no name of the cast or of a test is left, in paths, contents or truth."""
    truth = generate(tmp_path, permute=7)
    texts = contents(tmp_path / "data")
    told = {k: v for k, v in truth.items() if k not in ("incidents", "flakes", "red_now")}
    everything = "\n".join((*texts, *texts.values(), json.dumps(told))).replace("catalog-info.yaml", "")
    assert not left_over(everything, all_names())
    assert len(texts) == len(contents(written[0] / "data"))
    for key in ("pipelines", "incidents", "flakes", "red_now", "owners"):
        assert len(truth[key]) == len(written[1][key])
    assert [p["outcomes"] for p in truth["pipelines"]] == [p["outcomes"] for p in written[1]["pipelines"]]


def test_no_name_is_a_word_of_a_format(written: tuple[Path, dict[str, Any]]) -> None:
    """Else renaming would break the files."""
    keys: set[str] = set()
    for path, text in contents(written[0] / "data").items():
        if path.endswith((".json", ".jsonl")):
            keys |= set(re.findall(r'"([A-Za-z_]+)":', text))
    assert not keys & set(all_names())


def test_shifted_story_moves_every_time(written: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """Every time moves by the shift, and nothing but times changes."""
    truth = generate(tmp_path, shift_s=SHIFT_S)
    before, after = contents(written[0] / "data"), contents(tmp_path / "data")
    assert before.keys() == after.keys()
    for path, text in before.items():
        assert moved(text, SHIFT_S) == after[path], path
    assert json.loads(moved(json.dumps(written[1]), SHIFT_S)) == truth


def test_story_page_tells_the_truth() -> None:
    """STORY.md names the runs, deploys and counts of truth.json."""
    page = (COMMITTED / "STORY.md").read_text(encoding="utf-8")
    truth = json.loads((COMMITTED / "truth.json").read_text(encoding="utf-8"))
    for incident in truth["incidents"]:
        if incident["kind"] in ("regression", "environment"):
            assert incident["onset"]["first_bad"] in page
        for change in filter(None, (incident["culprit"], *incident.get("also_in_gap", ()))):
            assert f"`{change['service']}` {change['version']}" in page
            assert change["at"][11:16] in page
    for flake in truth["flakes"]:
        assert f"{flake['flaky_runs']} of {flake['runs']}" in page
        assert flake["test"].rsplit("::", 1)[-1] in page
    for pipeline in truth["pipelines"]:
        assert f"| {pipeline['name']} |" in page


def test_truth_reads_as_records(tmp_path: Path) -> None:
    """Both truths load into the same records."""
    sample, week = load_sample(), week_truth(generate_week(tmp_path))
    assert [q.key for q in sample.questions if q.change_id] == ["three-hops", "rolled-back", "rounding"]
    assert len(sample.red_now) == 14
    assert all(q.verdicts and q.at <= truth.now for truth in (sample, week) for q in truth.questions)
