"""What read functions give equals plain Python over the raw rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from ingest.model import Outcome, Result, RunRef
from store.connect import Connection, open_reader
from store.merge import is_retry_sequence, merge_attempts
from store.read import catalog, clusters, day_sums, results, runs, streams, tests
from store.read.rows import DaySums
from store.rollups import DAY_MS
from tests.store.making import ingest, reading, run_note, write, write_history, xml

FAR = 2**53


class Raw(NamedTuple):
    """One attempt with all that is known of it, from one join over the tables that no rollup feeds."""

    run: int
    attempt: int
    started_ms: int
    stream: int
    test: int
    at_ms: int
    location: bytes
    ordinal: int
    outcome: int
    duration_ms: int | None
    signature: str | None
    entry: str | None


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A store of forty runs."""
    folder = tmp_path_factory.mktemp("reading")
    write_history(folder / "in", runs=40, seed=5)
    ingest(folder / "store.db", folder / "in")
    opened = open_reader(folder / "store.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def raw(connection: Connection) -> list[Raw]:
    """Every attempt."""
    rows = connection.execute(
        "SELECT r.run_id, r.attempt, r.started_ms, p.stream_id, x.test_id,"
        " coalesce(p.started_ms + x.start_offset_ms, p.started_ms), o.location, x.ordinal, x.outcome, x.duration_ms,"
        " g.key, v.name FROM result x JOIN part p ON p.part_id = x.part_id JOIN run r ON r.run_id = p.run_id"
        " JOIN source_file o ON o.source_id = p.source_id LEFT JOIN failure f ON f.failure_id = x.failure_id"
        " LEFT JOIN signature g ON g.signature_id = f.signature_id LEFT JOIN service v ON v.service_id = r.service_id"
    )
    return [Raw(*row) for row in rows]


def merged(raw: list[Raw]) -> dict[tuple[int, int, int], tuple[int, Result, int]]:
    """(stream, test, run) -> (start of the run, result, executed attempts)."""
    groups: dict[tuple[int, int, int], list[Raw]] = defaultdict(list)
    for one in raw:
        groups[one.stream, one.test, one.run].append(one)
    found = {}
    for key, group in groups.items():
        group.sort(key=lambda one: (one.at_ms, one.location, one.ordinal))
        outcomes = [one.outcome for one in group]
        executed = sum(outcome != Outcome.SKIPPED for outcome in outcomes)
        found[key] = (group[0].started_ms, merge_attempts(outcomes), executed)
    return found


def bounds(raw: list[Raw]) -> tuple[int, int]:
    """Days in the middle of the history, so that something lies before and after."""
    days = sorted({one.started_ms // DAY_MS for one in raw})
    return days[1], days[-2]


def expected_sums(raw: list[Raw], first: int, last: int) -> dict[tuple[int, int], list[int]]:
    """(stream, test) -> [executed, failed, flaky, retried] over some days."""
    sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for (stream, test, _), (start, result, executed) in merged(raw).items():
        if first <= start // DAY_MS <= last and result != Result.SKIPPED:
            entry = sums[stream, test]
            for n, value in enumerate((1, result.is_red, result == Result.FLAKY, executed > 1)):
                entry[n] += value
    return sums


def test_sums_of_all_cases(connection: Connection, raw: list[Raw]) -> None:
    """Executed, failed, flaky and retried runs of every case."""
    first, last = bounds(raw)
    found = [DaySums(*row) for row in day_sums.list_all_sums(connection, first, last).tolist()]
    assert {(s.stream_id, s.test_row): [s.executed, s.failed, s.flaky, s.retried] for s in found} == expected_sums(
        raw, first, last
    )


def test_sums_of_red_cases_have_exact_denominators(connection: Connection, raw: list[Raw]) -> None:
    """The sparse list gives the same numbers as the dense one, for the cases with a red or flaky run."""
    first, last = bounds(raw)
    found = day_sums.list_red_sums(connection, first, last)
    expected = {key: sums for key, sums in expected_sums(raw, first, last).items() if sums[1] + sums[2]}
    assert {(s.stream_id, s.test_row): [s.executed, s.failed, s.flaky, s.retried] for s in found} == expected
    assert 0 < len(expected) < len(expected_sums(raw, first, last))


def test_cases_red_at_the_end(connection: Connection, raw: list[Raw]) -> None:
    """Those whose last executed run up to the last day is red and that failed in the days."""
    first, last = bounds(raw)
    histories: dict[tuple[int, int], list[tuple[int, Result]]] = defaultdict(list)
    for (stream, test, _), (start, result, _) in merged(raw).items():
        if start // DAY_MS <= last and result != Result.SKIPPED:
            histories[stream, test].append((start, result))
    failed = {key for key, sums in expected_sums(raw, first, last).items() if sums[1]}
    expected = {key for key, history in histories.items() if key in failed and max(history)[1].is_red}
    assert set(day_sums.list_red_at_end(connection, first, last)) == expected
    assert expected


def test_attempts_come_in_the_order_of_merging(connection: Connection, raw: list[Raw]) -> None:
    """By start, then path, then order; attempts of one case in one run together, of all or of chosen cases."""
    by_key = {(one.run, one.test): one for one in raw}
    some = sorted({one.test for one in raw})[::3]
    for stream in {one.stream for one in raw}:
        rows = sorted({one.run for one in raw if one.stream == stream})
        expected = sorted(
            (one for one in raw if one.stream == stream),
            key=lambda one: (one.run, one.test, one.at_ms, one.location, one.ordinal),
        )
        found = list(results.list_results(connection, stream, rows))
        assert found == [(one.run, one.test, one.outcome, one.duration_ms) for one in expected]
        chosen = list(results.list_results(connection, stream, rows, some))
        assert chosen == [row for row in found if row[1] in some]
    assert by_key


def test_runs_of_a_stream(connection: Connection, raw: list[Raw]) -> None:
    """In order of time, with executed and red cases; a limit keeps the newest; `at` hides what ended later."""
    for stream in {one.stream for one in raw}:
        found = runs.list_stream_runs(connection, stream, -FAR, FAR, FAR)
        counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        for (where, _, run), (_, result, _) in merged(raw).items():
            if where == stream and result != Result.SKIPPED:
                counts[run][0] += 1
                counts[run][1] += result.is_red
        assert {one.run_row: [one.executed, one.red] for one in found} == dict(counts)
        starts = [one.run.started_ms for one in found]
        assert starts == sorted(starts)
        assert runs.list_stream_runs(connection, stream, -FAR, FAR, FAR, 3) == found[-3:]
        middle = starts[len(starts) // 2]
        early = runs.list_stream_runs(connection, stream, -FAR, FAR, middle)
        assert early == tuple(one for one in found if _end(one.run) <= middle)


def test_runs_that_began_together(tmp_path: Path) -> None:
    """By name; of those of one moment a limit keeps the last by name."""
    for name in ("b", "e", "a", "ä", "d", "c"):
        note = run_note(name, start_time="2026-03-02T00:00:00Z" if name in "bcd" else "2026-03-01T00:00:00Z")
        write(tmp_path / "in" / name / "run.json", note)
        write(tmp_path / "in" / name / "part.xml", xml([("t0", "pass")]))
    ingest(tmp_path / "store.db", tmp_path / "in")
    with reading(tmp_path / "store.db") as connection:
        (stream,) = streams.list_streams(connection)
        kept = [
            "".join(one.run.run_id for one in runs.list_stream_runs(connection, stream.stream_id, -FAR, FAR, FAR, n))
            for n in (1, 2, 4, 9)
        ]
    assert kept == ["d", "cd", "äbcd", "aeäbcd"]


def _end(run: RunRef) -> int:
    return run.started_ms if run.ended_ms is None else run.ended_ms


def test_runs_of_the_store(connection: Connection, raw: list[Raw]) -> None:
    """Totals of every run over its streams, newest first."""
    found = runs.list_runs(connection, -FAR, FAR, FAR)
    totals: dict[int, list[int]] = defaultdict(lambda: [0] * 5)
    for (_, _, run), (_, result, _) in merged(raw).items():
        totals[run][result] += 1
    order = (Result.PASSED, Result.FAILED, Result.ERRORED, Result.SKIPPED, Result.FLAKY)
    assert {one.run_row: [one.passed, one.failed, one.errored, one.skipped, one.flaky] for one in found} == {
        run: [counts[result] for result in order] for run, counts in totals.items()
    }
    assert [one.attempts for one in found] == [sum(r.run == one.run_row for r in raw) for one in found]
    assert all(a.run.started_ms >= b.run.started_ms for a, b in pairwise(found))
    counted = runs.count_all(connection)
    cases, merged_results = len({one.test for one in raw}), len({(one.run, one.test) for one in raw})
    assert counted == (2, len(found), cases, merged_results)


def test_days_of_services(connection: Connection, raw: list[Raw]) -> None:
    """Every case counts for each service it declares."""
    first, last = bounds(raw)
    declared = {row: info.declared for row, info in tests.load_tests(connection, {one.test for one in raw}).items()}
    streams = sorted({stream for stream, _, _ in merged(raw)})[::2]
    sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for (stream, test, _), (start, result, _) in merged(raw).items():
        if stream not in streams:
            continue
        day = start // DAY_MS
        if first <= day <= last and result != Result.SKIPPED:
            for service in declared[test]:
                for n, value in enumerate((1, result.is_red, result == Result.FLAKY)):
                    sums[service, day][n] += value
    found = catalog.list_service_days(connection, streams, first, last)
    assert sums
    assert {(name, day): counts for name, rows in found.items() for day, *counts in rows} == dict(sums)


def test_top_signatures(connection: Connection, raw: list[Raw]) -> None:
    """Failing attempts, cases and streams of every signature, most failures first."""
    first, last = bounds(raw)
    failing = [
        one
        for one in raw
        if one.outcome in (1, 2) and one.attempt == 1 and first <= one.started_ms // DAY_MS <= last and one.signature
    ]
    expected = {}
    for key in {one.signature for one in failing}:
        own = [one for one in failing if one.signature == key]
        days = [one.started_ms // DAY_MS for one in own]
        expected[key] = (len(own), len({o.test for o in own}), len({o.stream for o in own}), min(days), max(days))
    found = clusters.list_top_signatures(connection, first, last)
    assert {c.key: (c.failures, c.tests, c.streams, c.first_day, c.last_day) for c in found} == expected
    assert [c.failures for c in found] == sorted((c.failures for c in found), reverse=True)
    assert clusters.list_top_signatures(connection, first, last, 1) == found[:1]


def test_streams_and_the_newest_end(connection: Connection, raw: list[Raw]) -> None:
    """Runs by stream; the moment that windows hang on, of all or of one environment."""
    per_stream: dict[int, set[int]] = defaultdict(set)
    for one in raw:
        per_stream[one.stream].add(one.run)
    assert streams.count_runs_by_stream(connection) == {stream: len(found) for stream, found in per_stream.items()}
    ends = {one.run_row: (_end(one.run), one.run) for one in runs.list_runs(connection, -FAR, FAR, FAR)}
    assert streams.newest_end(connection) == max(end for end, _ in ends.values())
    asked = streams.newest_end(connection, pipeline="Nightly", environment="STAGING")
    wanted = [end for end, run in ends.values() if (run.pipeline, run.environment) == ("nightly", "staging")]
    assert asked == max(wanted)


def test_repeats_are_attempts_only_where_outcome_or_time_show_it() -> None:
    """Worked examples of `is_retry_sequence`: (result, start, duration) of each occurrence of a name."""
    red, green, skipped = int(Result.FAILED), int(Result.PASSED), int(Result.SKIPPED)
    assert is_retry_sequence([(red, None, None), (green, None, None)])
    assert not is_retry_sequence([(green, None, None), (red, None, None)])
    assert not is_retry_sequence([(red, None, None), (red, None, None)])
    assert is_retry_sequence([(red, 0, 500), (red, 500, 500)])
    assert not is_retry_sequence([(red, 0, 500), (red, 499, 500)])
    assert not is_retry_sequence([(red, 0, 500), (skipped, 500, 0)])
    assert not is_retry_sequence([(red, 0, 500)])
