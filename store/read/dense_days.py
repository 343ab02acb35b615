"""`test_day` for people's own SQL: a row for every test case, stream and UTC day on which it was executed.

Sets and special days say the same in a fortieth of the room (`store/day_sets.py`); this puts them together when asked.
"""

from __future__ import annotations

from store.case_sets import unpack_keys
from store.connect import Connection

_VIEW = """
CREATE TEMP VIEW test_day AS
SELECT e.stream_id, e.test_id, e.day, e.parts - coalesce(s.repeated, 0) AS executed, coalesce(s.failed, 0) AS failed,
    coalesce(s.flaky, 0) AS flaky, coalesce(s.retried, 0) AS retried, coalesce(s.flips, 0) AS flips,
    coalesce(s.first_red, 0) AS first_red, coalesce(s.last_red, 0) AS last_red
FROM (
    SELECT d.stream_id, j.value AS test_id, d.day, sum(d.runs) AS parts
    FROM set_day d JOIN case_set c ON c.set_id = d.set_id JOIN json_each(executed_tests(c.cases)) j
    GROUP BY d.stream_id, d.day, j.value
) e LEFT JOIN special_day s ON s.stream_id = e.stream_id AND s.day = e.day AND s.test_id = e.test_id
"""


def add_test_days(connection: Connection) -> None:
    """Let a connection be asked for `test_day`, and for the test cases of a set by `executed_tests(case_set.cases)`."""
    connection.create_function("executed_tests", 1, _executed_tests, deterministic=True)
    connection.execute(_VIEW)


def _executed_tests(body: bytes) -> str:
    """A JSON array."""
    return "[" + ",".join(str(key >> 1) for key in unpack_keys(body) if not key & 1) + "]"
