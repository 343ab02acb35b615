"""Names to integer ids, made on first sight. Ids are cached until the transaction that made them is undone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from ingest.model import Failure, TestCase
from store.connect import Connection
from store.traces import PreparedFailure, Traces, digest_of

_CACHED_CASES, _FEW_CASES = 20_000, 4_000
_SOUGHT_TOGETHER = 250
_CACHED_FAILURES, _SHORT_CHARS = 4_000, 1_000
_SET_FILE = """
UPDATE test_case SET file = ?1 WHERE test_id = ?2
    AND (file IS NULL OR (file GLOB '/*' OR file GLOB '[A-Za-z]:*', file) > (?3, ?1))
"""


class Dimensions:
    """Ids of pipelines, streams, services, test cases, failures and signatures in one store."""

    def __init__(self, connection: Connection, sign: Callable[[Failure], tuple[int, str, str]]) -> None:
        self._connection = connection
        self._sign = sign
        self._traces = Traces(connection)
        self._names: dict[tuple[str, ...], int] = {}
        self._cases: dict[bytes, tuple[int, str | None]] = {}
        self._most_cases = _CACHED_CASES
        self._failures: dict[tuple[Failure, bool], tuple[int, int | None]] = {}
        self._signatures: dict[tuple[int, str], tuple[int, str]] = {}

    def forget(self) -> None:
        """Drop the cache: after a rollback, ids made since may stand for nothing."""
        self._names.clear()
        self._cases.clear()
        self._failures.clear()
        self._signatures.clear()
        self._traces.forget()

    def hold_cases(self, *, few: bool) -> None:
        """How many test cases are remembered from here on."""
        self._most_cases = _FEW_CASES if few else _CACHED_CASES

    def pipeline(self, name: str) -> int:
        """Id of a pipeline."""
        return self._named("pipeline", ("name",), (name,))

    def service(self, name: str) -> int:
        """Id of a service; one that no catalog names is "seen, not in catalog"."""
        return self._named("service", ("name",), (name,))

    def stream(self, pipeline: str, environment: str, branch: str, variant: str) -> int:
        """Id of a stream."""
        key = ("stream", pipeline, environment, branch, variant)
        found = self._names.get(key)
        if found is None:
            columns = ("pipeline_id", "environment", "branch", "variant")
            found = self._find_or_add("stream", columns, (self.pipeline(pipeline), environment, branch, variant))
            self._names[key] = found
        return found

    def test_case(self, case: TestCase) -> int:
        """Id of a test case; its file is the first in the alphabet of those seen, a relative one if there is any."""
        return self.test_cases([case])[0][0]

    def test_cases(self, cases: Sequence[TestCase]) -> tuple[list[int], frozenset[int]]:
        """(ids of test cases, in their order; those of them that were not known and are made now)."""
        stables = [hashlib.sha256(c.identity.encode("utf-8", "surrogatepass")).digest()[:8] for c in cases]
        if len(self._cases) + len(cases) > self._most_cases:
            self._cases.clear()
        known = self._cases
        self._load_cases([stable for stable in dict.fromkeys(stables) if stable not in known])
        made = {stable: case for stable, case in zip(stables, cases, strict=True) if stable not in known}
        if made:
            self._make_cases(made)
        for stable, case in zip(stables, cases, strict=True):
            if case.file and known[stable][1] != case.file:
                self._set_file(stable, case.file)
        return [known[stable][0] for stable in stables], frozenset(known[stable][0] for stable in made)

    def _load_cases(self, stables: Sequence[bytes]) -> None:
        for start in range(0, len(stables), _SOUGHT_TOGETHER):
            some = list(stables[start : start + _SOUGHT_TOGETHER])
            if len(some) > 1:
                some += [b""] * (_SOUGHT_TOGETHER - len(some))  # two statements, however many are sought
            rows = self._connection.execute(
                f"SELECT stable, test_id, file FROM test_case WHERE stable IN ({', '.join('?' * len(some))})", some
            )
            self._cases.update((row[0], (int(row[1]), row[2])) for row in rows)

    def _make_cases(self, cases: Mapping[bytes, TestCase]) -> None:
        (last,) = self._connection.execute("SELECT coalesce(max(test_id), 0) FROM test_case").fetchone()
        numbered = list(enumerate(cases.items(), int(last) + 1))
        self._connection.executemany(
            "INSERT INTO test_case (test_id, stable, namespace, classname, name, file) VALUES (?, ?, ?, ?, ?, ?)",
            [(number, stable, c.namespace, c.classname, c.name, c.file) for number, (stable, c) in numbered],
        )
        self._cases.update((stable, (number, case.file)) for number, (stable, case) in numbered)

    def _set_file(self, stable: bytes, file: str) -> None:
        test_id, known = self._cases[stable]
        if known is not None and _file_rank(known) < _file_rank(file):
            return
        self._connection.execute(_SET_FILE, (file, test_id, _file_rank(file)[0]))
        self._cases[stable] = (test_id, file)

    def failure(self, failure: Failure, *, is_skip: bool) -> tuple[int, int | None]:
        """(id of a failure's text, id of its signature or None for a skip); equal texts are stored once."""
        known = self._failures.get((failure, is_skip))
        if known is None:
            known = self._find_or_add_failure(failure, is_skip)
            if len(failure.text) <= _SHORT_CHARS:  # most reports repeat a few short ones
                if len(self._failures) >= _CACHED_FAILURES:
                    self._failures.clear()
                self._failures[failure, is_skip] = known
        return known

    def deflate_ahead(self, failure: PreparedFailure) -> None:
        """Deflate the trace of a failure that is not there yet, outside of a transaction."""
        if self._failure_with(failure.digest) is None:
            failure.body = self._traces.deflate_ahead(failure.text, failure.type)

    def _failure_with(self, digest: bytes) -> tuple[int, int | None] | None:
        row = self._connection.execute(
            "SELECT failure_id, signature_id FROM failure WHERE digest = ?", (digest,)
        ).fetchone()
        return None if row is None else (int(row[0]), row[1])

    def _find_or_add_failure(self, failure: Failure, is_skip: bool) -> tuple[int, int | None]:
        digest = failure.digest if isinstance(failure, PreparedFailure) else digest_of(failure, is_skip=is_skip)
        return self._failure_with(digest) or self._add_failure(digest, failure, is_skip)

    def _add_failure(self, digest: bytes, failure: Failure, is_skip: bool) -> tuple[int, int | None]:
        signature_id = None if is_skip else self._signature(failure)
        ahead = failure.body if isinstance(failure, PreparedFailure) else None
        body, sample_id = self._traces.deflate(failure.text, failure.type, ahead)
        cursor = self._connection.execute(
            "INSERT INTO failure (digest, signature_id, type, message, body, sample_id) VALUES (?, ?, ?, ?, ?, ?)",
            (digest, signature_id, failure.type, failure.message, body, sample_id),
        )
        return int(cursor.lastrowid or 0), signature_id

    def _signature(self, failure: Failure) -> int:
        """Id of a failure's signature; its title is the first in the alphabet of those ever seen."""
        prepared = failure.signature if isinstance(failure, PreparedFailure) else None
        version, key, title = prepared or self._sign(failure)
        known = self._signatures.get((version, key))
        if known is None:
            known = self._connection.execute(
                "SELECT signature_id, title FROM signature WHERE version = ? AND key = ?", (version, key)
            ).fetchone()
        if known is None:
            cursor = self._connection.execute(
                "INSERT INTO signature (version, key, title) VALUES (?, ?, ?)", (version, key, title)
            )
            known = (int(cursor.lastrowid or 0), title)
        elif title < known[1]:
            self._connection.execute(
                "UPDATE signature SET title = ?1 WHERE signature_id = ?2 AND title > ?1", (title, known[0])
            )
            known = (known[0], title)
        self._signatures[version, key] = known
        return int(known[0])

    def _named(self, table: str, columns: tuple[str, ...], values: tuple[str, ...]) -> int:
        key = (table, *values)
        found = self._names.get(key)
        if found is None:
            found = self._names[key] = self._find_or_add(table, columns, values)
        return found

    def _find_or_add(self, table: str, columns: tuple[str, ...], values: tuple[object, ...]) -> int:
        where = " AND ".join(f"{column} = ?" for column in columns)
        row = self._connection.execute(f"SELECT {table}_id FROM {table} WHERE {where}", values).fetchone()
        if row is not None:
            return int(row[0])
        marks = ", ".join("?" for _ in columns)
        cursor = self._connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", values)
        return int(cursor.lastrowid or 0)


def _file_rank(file: str) -> tuple[bool, str]:
    """Order of paths: one inside a checkout before one on a machine's disk."""
    is_absolute = file.startswith("/") or (file[1:2] == ":" and file[0].isascii() and file[0].isalpha())
    return is_absolute, file
