"""Renames as JSON documents: keys may be added, none is renamed."""

from __future__ import annotations

from tui.answers.renames import AliasRow, RenamesAnswer
from tui.exports.shapes import Json, run_json, scope_json, window_json


def aliases_document(rows: tuple[AliasRow, ...]) -> Json:
    """`crywolf tests alias --list --json`: `continues_as` is where a chain ends."""
    return {
        "aliases": [
            {
                "old": row.old.identity,
                "old_id": row.old.test_id,
                "new": row.new.identity,
                "new_id": row.new.test_id,
                "continues_as": row.last.identity,
                "test_id": row.last.test_id,
            }
            for row in rows
        ]
    }


def renames_document(answer: RenamesAnswer) -> Json:
    """`crywolf tests suggest --json`."""
    return {
        "window": window_json(answer.window),
        "renames": [
            {
                "old": row.old.identity,
                "new": row.new.identity,
                "score": round(row.score, 4),
                "terms": {name: round(value, 4) for name, value in row.terms},
                "scope": scope_json(row.scope),
                "last_with_old": run_json(row.last_with_old),
                "first_with_new": run_json(row.first_with_new),
            }
            for row in answer.rows
        ],
    }
