"""Tables of deployments: CSV as spreadsheets write it, JSON rows, bad rows; and deploys noted by hand."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.changes.record import record_deploy
from ingest.changes.table import claims, claims_header, read
from ingest.errors import NotKnown, Refused
from ingest.limits import Limits
from ingest.model import ChangeKind, ChangeStatus, ChangeTarget, ContentKind

NOON = 1_772_366_400_000
PLAIN = b"service,version,environment,time\ncart,1.4,staging,2026-03-01T12:00:00Z\n"


def test_the_four_columns() -> None:
    """Service, version, environment, time are enough; the id follows from them."""
    (change,) = read(PLAIN, Limits()).changes
    assert (change.service, change.to_version, change.environment, change.at_ms) == ("cart", "1.4", "staging", NOON)
    assert change.change_id.startswith("table:")
    shuffled = b"time;environment;service;version\r\n2026-03-01T13:00:00+01:00;staging;cart;1.4\r\n"
    assert read(shuffled, Limits()).changes[0].change_id == change.change_id


def test_all_columns() -> None:
    """Every optional column reaches the change."""
    data = (
        b"id\tservice\tversion\tenvironment\tstarted\tfinished\ttitle\tauthor\turl\tkind\tcommit\tfiles\tadditions"
        b"\tdeletions\tstatus\ttarget\n"
        b"d-1\tcart\t2\tprod\t2026-03-01T11:00:00Z\t2026-03-01T12:00:00Z\tfix: x\tada\thttps://x\tupgrade\tabc"
        b"\ta.py; b.py\t3\t4\tfailure\tservice\n"
    )
    (change,) = read(data, Limits()).changes
    assert (change.change_id, change.kind, change.status) == ("d-1", ChangeKind.UPGRADE, ChangeStatus.FAILED)
    assert (change.started_ms, change.finished_ms) == (NOON - 3_600_000, NOON)
    assert (change.files, change.lines, change.commits[0].sha) == (("a.py", "b.py"), 7, "abc")
    assert (change.title, change.author, change.url) == ("fix: x", "ada", "https://x")


def test_quotes_and_line_ends_in_cells() -> None:
    """RFC 4180: quoted separators, quotes and line ends; lines are counted as in the file."""
    data = (
        b'\xef\xbb\xbfTime,Service,Title\r\n2026-03-01T12:00:00Z,cart,"a, ""b""\r\nc"\r\nnever,cart,x\r\n\r\n'
        b"2026-03-01T12:00:00Z,pay\r\n"
    )
    batch = read(data, Limits())
    assert [change.title for change in batch.changes] == ['a, "b"\r\nc', ""]
    assert batch.warnings == ("line 4: time 'never' is no ISO-8601 time",)


@pytest.mark.parametrize(
    "data",
    [
        b'{"service":"cart","version":"1","environment":"e","time":"2026-03-01T12:00Z"}\n{"service":"pay","at":1772366400}\n',
        b'[{"app":"cart","tag":"1","env":"e","timestamp":1772366400000},{"service":"pay","at":"2026-03-01 12:00"}]',
    ],
)
def test_json_rows(data: bytes) -> None:
    """JSON objects of the same keys, one a line or in an array, under usual other names."""
    assert [(change.service, change.at_ms) for change in read(data, Limits()).changes] == [
        ("cart", NOON),
        ("pay", NOON),
    ]


def test_times_without_a_zone() -> None:
    """The configured zone holds, and it is said."""
    data = b"service,time\ncart,2026-03-01 13:00\n"
    assert read(data, Limits(), ZoneInfo("Europe/Berlin")).changes[0].at_ms == NOON
    assert read(data, Limits()).warnings == ("times without a zone are taken as UTC",)


def test_bad_rows() -> None:
    """Each bad row is named with its line; when all are bad the table is refused."""
    rows = [
        b"cart,1,e,2026-03-01T12:00:00Z,deploy",
        b",1,e,2026-03-01T12:00:00Z,",
        b"cart,1,e,,",
        b"cart,1,e,2026-03-01T12:00:00Z,explode",
        b"cart,1,e,2026-03-01T12:00:00Z,deploy,extra",
        b",,e,2026-03-01T12:00:00Z,environment",
    ]
    head = b"service,version,environment,time,kind\n"
    batch = read(head + b"\n".join(rows), Limits())
    assert [change.kind for change in batch.changes] == [ChangeKind.DEPLOY, ChangeKind.ENVIRONMENT]
    assert [warning.partition(":")[0] for warning in batch.warnings] == ["line 3", "line 4", "line 5", "line 6"]
    with pytest.raises(Refused, match="no service") as caught:
        read(head + rows[1], Limits())
    assert caught.value.code == "schema"


def test_no_table() -> None:
    """Other tables and other JSON are not known; a header alone is an empty table."""
    for data in (b"name,size\na,1\n", b'{"a":1}', b"[1,2]", b"service\ncart\n"):
        with pytest.raises(NotKnown):
            read(data, Limits())
    assert read(b"service,time\n", Limits()).changes == ()
    assert claims_header("Time;Service;Env")
    assert not claims_header("name,size")
    assert claims({"service": "a", "time": 1})
    assert not claims({"context": {}, "service": "a", "time": 1})


def test_a_row_repeated_is_one_change() -> None:
    """A table that is appended to and given again holds each deploy once."""
    assert len(read(PLAIN + PLAIN.splitlines()[1] + b"\n", Limits()).changes) == 1


def test_target_of_a_row() -> None:
    """Files that are all tests, or the column, make it a change of the tests."""
    data = b"service,time,files,target\ncart,2026-03-01T12:00:00Z,tests/test_a.py,\n,2026-03-01T12:00:00Z,,test\n"
    assert [change.target for change in read(data, Limits()).changes] == [ChangeTarget.TEST, ChangeTarget.TEST]


@settings(max_examples=200)
@given(st.integers(0, 200), st.text('",;\t\n\r\0a1\u00e9', max_size=12), st.integers(0, 40), st.binary(max_size=20))
def test_damaged_tables_are_read_or_refused(at: int, inserted: str, cut: int, noise: bytes) -> None:
    """Damaged tables are read, refused or not known, and nothing else."""
    damaged = PLAIN[:at] + inserted.encode() + PLAIN[at + cut :]
    for data in (damaged, b"service,time\n" + inserted.encode(), noise, PLAIN + b'"' + b"x" * 200_000):
        try:
            read(data, Limits())
        except (Refused, NotKnown):
            continue


def test_a_deploy_noted_by_hand() -> None:
    """Noting the same deploy twice is one change; a title does not make another."""
    first = record_deploy("cart", "1.4", "staging", NOON)
    again = record_deploy("cart", "1.4", "staging", NOON, title="chore(deps): bump netty from 4.1 to 4.2", author="ada")
    assert first.change_id == again.change_id
    assert first.change_id.startswith("record:")
    assert (again.content, again.finished_ms) == (ContentKind.DEPENDENCY, NOON)
    assert record_deploy("cart", "1.5", "staging", NOON).change_id != first.change_id
    assert record_deploy("cart", "1.4", "prod", NOON).change_id != first.change_id
    assert record_deploy("cart", "1.4", "staging", NOON + 1).change_id != first.change_id
    assert record_deploy("cart", "1.4", "staging", NOON, status=ChangeStatus.RUNNING).finished_ms is None
    assert record_deploy("cart", "1.4", "staging", NOON, started_ms=NOON + 1).started_ms is None
    assert record_deploy("cart", "1.4", "staging", NOON, commit="abc").commits[0].sha == "abc"
