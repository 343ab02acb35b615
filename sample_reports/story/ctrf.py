"""CTRF 0.0.0/1.0 JSON as its Vitest and Playwright reporters write it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sample_reports.story.records import Execution

STATUS = {"passed": "passed", "flaky": "passed", "failed": "failed", "errored": "failed", "skipped": "skipped"}


def ctrf(tool: str, start: int, end: int, executions: Sequence[Execution]) -> dict[str, Any]:
    """A report of one run."""
    statuses = [STATUS[e.outcome] for e in executions]
    summary: dict[str, Any] = {"tests": len(executions)}
    summary |= {s: statuses.count(s) for s in ("passed", "failed", "pending", "skipped", "other")}
    summary |= {"start": start * 1000, "stop": end * 1000}
    return {
        "reportFormat": "CTRF",
        "specVersion": "1.0.0",
        "results": {"tool": {"name": tool}, "summary": summary, "tests": [_test(e) for e in executions]},
    }


def _test(execution: Execution) -> dict[str, Any]:
    case = execution.case
    out: dict[str, Any] = {
        "name": case.name,
        "status": STATUS[execution.outcome],
        "duration": round(execution.seconds * 1000),
        "suite": [case.classname],
    }
    if execution.is_described or execution.failures:
        out["filePath"] = case.file
        if case.peers:
            out["extra"] = {"service.peer.name": list(case.peers)}
    if execution.skipped:
        out["message"] = execution.skipped
    failures = execution.failures
    if execution.is_red:
        out |= {"message": failures[-1].message, "trace": failures[-1].text}
        failures = failures[:-1]
    if failures:
        out |= {"retries": len(failures), "flaky": not execution.is_red}
        out["retryAttempts"] = [
            {"attempt": k, "status": "failed", "message": f.message, "trace": f.text} for k, f in enumerate(failures, 1)
        ]
    return out
