"""Conditions on day sums: only some streams, what touches a service, some test cases."""

from __future__ import annotations

import json
from collections.abc import Sequence

from store.read.rows import ServiceTests


def chosen(
    stream_ids: Sequence[int] | None, of_service: ServiceTests | None, test_rows: Sequence[int] | None
) -> tuple[str, list[str]]:
    """(conditions, values) on a table `t` with `stream_id` and `test_id`; the first two values are other ones.

    Args:
        stream_ids, of_service, test_rows: only such; None: all.
    """
    parts, values = [], []
    if stream_ids is not None:
        values.append(json.dumps(stream_ids))
        parts.append(f" AND stream_id IN (SELECT value FROM json_each(?{len(values) + 2}))")
    if of_service is not None:
        values += [json.dumps(of_service.service_rows), json.dumps(of_service.own_streams)]
        declared = f"SELECT value FROM json_each(?{len(values) + 1})"
        own = f"SELECT value FROM json_each(?{len(values) + 2})"
        parts.append(
            f" AND (test_id IN (SELECT test_id FROM exercised WHERE service_id IN ({declared}))"
            f" OR (stream_id IN ({own}) AND NOT EXISTS (SELECT 1 FROM exercised e WHERE e.test_id = t.test_id)))"
        )
    if test_rows is not None:
        values.append(json.dumps(test_rows))
        parts.append(f" AND test_id IN (SELECT value FROM json_each(?{len(values) + 2}))")
    return "".join(parts), values
