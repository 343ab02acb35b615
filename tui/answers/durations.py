"""Where a test case became slower or faster in a stream, by runs of its history."""

from __future__ import annotations

from dataclasses import replace

from analysis.durations import find_shifts, quick_passes
from analysis.records import DurationSegment, DurationShift
from tui.answers.histories import Loaded


def durations_of(loaded: Loaded, column: int) -> tuple[tuple[DurationShift, ...], tuple[DurationSegment, ...]]:
    """(shifts, stretches of one duration) of a case; places are those of the history's runs, ends exclusive."""
    rows = quick_passes(loaded.history, column, loaded.durations_ms)
    shifts, segments = find_shifts(loaded.durations_ms[rows, column].tolist())
    return (
        tuple(replace(shift, at=int(rows[shift.at])) for shift in shifts),
        tuple(replace(one, start=int(rows[one.start]), end=int(rows[one.end - 1]) + 1) for one in segments),
    )
