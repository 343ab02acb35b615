"""Names to integer ids, made on first sight. Ids are cached until the transaction that made them is undone."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable

from ingest.model import Failure, TestCase
from store.connect import Connection

_CACHED_CASES = 20_000
_CACHED_FAILURES = 20_000
_DEFLATE_LEVEL = 6


class Dimensions:
    """Ids of pipelines, streams, services, test cases, failures and signatures in one store."""

    def __init__(self, connection: Connection, sign: Callable[[Failure], tuple[int, str, str]]) -> None:
        self._connection = connection
        self._sign = sign
        self._names: dict[tuple[str, ...], int] = {}
        self._cases: dict[bytes, tuple[int, str | None]] = {}
        self._failures: dict[bytes, tuple[int, int | None]] = {}
        self._signatures: dict[tuple[int, str], tuple[int, str]] = {}
        self.cases_made = 0
        """Test cases that were not known, by this connection."""

    def forget(self) -> None:
        """Drop the cache: after a rollback, ids made since may stand for nothing."""
        self._names.clear()
        self._cases.clear()
        self._failures.clear()
        self._signatures.clear()

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
        """Id of a test case; its file, where known, is the first in the alphabet of those ever seen."""
        stable = hashlib.sha256(case.identity.encode("utf-8", "surrogatepass")).digest()[:8]
        known = self._cases.get(stable) or self._find_case(stable)
        if known is None:
            cursor = self._connection.execute(
                "INSERT INTO test_case (stable, namespace, classname, name, file) VALUES (?, ?, ?, ?, ?)",
                (stable, case.namespace, case.classname, case.name, case.file),
            )
            known = (int(cursor.lastrowid or 0), case.file)
            self.cases_made += 1
        test_id, file = known
        if case.file and (file is None or case.file < file):
            self._connection.execute(
                "UPDATE test_case SET file = ?1 WHERE test_id = ?2 AND (file IS NULL OR file > ?1)",
                (case.file, test_id),
            )
            known = (test_id, case.file)
        if len(self._cases) >= _CACHED_CASES:
            self._cases.clear()
        self._cases[stable] = known
        return test_id

    def _find_case(self, stable: bytes) -> tuple[int, str | None] | None:
        row = self._connection.execute("SELECT test_id, file FROM test_case WHERE stable = ?", (stable,)).fetchone()
        return None if row is None else (int(row[0]), row[1])

    def failure(self, failure: Failure, *, is_skip: bool) -> tuple[int, int | None]:
        """(id of a failure's text, id of its signature or None for a skip); equal texts are stored once."""
        raw = "\x00".join(("skip" if is_skip else "", *failure)).encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(raw, digest_size=16).digest()
        found = self._failures.get(digest)
        if found is None:
            row = self._connection.execute(
                "SELECT failure_id, signature_id FROM failure WHERE digest = ?", (digest,)
            ).fetchone()
            found = (int(row[0]), row[1]) if row else self._add_failure(digest, failure, is_skip)
            if len(self._failures) >= _CACHED_FAILURES:
                self._failures.clear()
            self._failures[digest] = found
        return found

    def _add_failure(self, digest: bytes, failure: Failure, is_skip: bool) -> tuple[int, int | None]:
        signature_id = None if is_skip else self._signature(failure)
        body = zlib.compress(failure.text.encode("utf-8", "surrogatepass"), _DEFLATE_LEVEL) if failure.text else None
        cursor = self._connection.execute(
            "INSERT INTO failure (digest, signature_id, type, message, body) VALUES (?, ?, ?, ?, ?)",
            (digest, signature_id, failure.type, failure.message, body),
        )
        return int(cursor.lastrowid or 0), signature_id

    def _signature(self, failure: Failure) -> int:
        """Id of a failure's signature; its title is the first in the alphabet of those ever seen."""
        version, key, title = self._sign(failure)
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
