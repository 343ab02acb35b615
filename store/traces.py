"""Traces of failures, deflated. A trace that is like others of its type is stored as what differs from them.

A sample is the dictionary that deflate starts from. The first trace of a type is its first sample; when the traces that
follow still need much room, the lines of a few of them become the next one: each line that comes again, and of those
that differ by their numbers one; a short sample is searched to its end soon. Samples are never removed: another process
may be about to use them.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import Counter
from dataclasses import dataclass, field

from ingest.model import Failure
from store.connect import Connection

SHORT = 400
"""Bytes of a trace that is deflated by itself."""
_LEVEL, _SAMPLE_LEVEL = 6, 8
_MEMORY_LEVEL = 6
"""Small tables: what starts from a sample starts from a copy of its compressor, which was a third of the time."""
_WINDOW = 32 * 1024
"""As far as deflate looks back."""
_SHORT_SAMPLE, _SHORT_BITS = 8 * 1024, 14
"""What starts from a short sample looks back half as far: less is copied for it."""
_RAW = -zlib.MAX_WBITS
"""Bodies have no frame of zlib around them: up to 10 bytes of each."""
_TRIED, _ROOM, _MOST_SAMPLES = 8, 300, 8
"""So many traces that take this many bytes on average ask for another sample, up to so many of one type."""
_CACHED = 64
_NUMBER = re.compile(rb"\d+")


class PreparedFailure(Failure):
    """A failure as it is stored: clean and cut, with what else can be worked out before the store is locked."""

    digest: bytes
    """Of all its text: equal texts are stored once. That of a skip differs from that of a failure."""
    signature: tuple[int, str, str] | None
    """(version, key, title); None of a skip."""
    body: tuple[bytes | None, int | None] | None = None
    """Its trace, deflated; None: it is done when it is written."""

    @classmethod
    def of(cls, clean: Failure, digest: bytes, signature: tuple[int, str, str] | None) -> PreparedFailure:
        """A clean failure with what was worked out of it."""
        prepared = cls(*clean)
        prepared.digest, prepared.signature = digest, signature
        return prepared


def digest_of(clean: Failure, *, is_skip: bool) -> bytes:
    """What tells the text of a failure from any other, and from the same text of a skip; 8 bytes, as of a test case."""
    raw = "\x00".join(("skip" if is_skip else "", *clean)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(raw, digest_size=16).digest()[:8]


@dataclass(slots=True)
class _Sample:
    """The newest sample of a type, and what was deflated with it."""

    sample_id: int
    deflate: zlib._Compress
    number: int
    tried: list[bytes] = field(default_factory=list)
    room: int = 0

    def deflated(self, data: bytes) -> bytes:
        """A trace that starts from it."""
        run = self.deflate.copy()
        return run.compress(data) + run.flush()


class Traces:
    """Deflates traces; remembers the newest sample of each type until `forget`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._samples: dict[str, _Sample] = {}

    def forget(self) -> None:
        """After a rollback: samples made since may be gone."""
        self._samples.clear()

    def deflate_ahead(self, text: str, kind: str) -> tuple[bytes | None, int | None] | None:
        """What `deflate` gives, outside of a transaction; None where the type has no sample yet."""
        data = text.encode("utf-8", "surrogatepass")
        if len(data) < SHORT:
            return (_deflated(data) if data else None), None
        sample = self._samples.get(kind) or self._newest(kind)
        return None if sample is None else (sample.deflated(data), sample.sample_id)

    def deflate(
        self, text: str, kind: str, ahead: tuple[bytes | None, int | None] | None = None
    ) -> tuple[bytes | None, int | None]:
        """(body of a trace, the sample it starts from); no body for no text.

        Args:
            ahead: what `deflate_ahead` gave.
        """
        if ahead is not None and ahead[1] is None:
            return ahead
        if not text:
            return None, None
        data = text.encode("utf-8", "surrogatepass")
        if len(data) < SHORT:
            return _deflated(data), None
        sample = self._samples.get(kind) or self._newest(kind)
        if sample is None:
            self._add(kind, data, 1)
            return _deflated(data), None
        if ahead is not None and ahead[1] != sample.sample_id:
            return ahead  # of an earlier sample, which is there for good
        body = ahead[0] if ahead is not None and ahead[0] is not None else sample.deflated(data)
        self._consider(kind, sample, data, len(body))
        return body, sample.sample_id

    def _newest(self, kind: str) -> _Sample | None:
        rows = self._connection.execute(
            "SELECT sample_id, text FROM trace_sample WHERE kind = ? ORDER BY sample_id", (kind,)
        ).fetchall()
        return self._remember(kind, int(rows[-1][0]), zlib.decompress(rows[-1][1]), len(rows)) if rows else None

    def _add(self, kind: str, text: bytes, number: int) -> None:
        text = text[-_WINDOW:]
        cursor = self._connection.execute(
            "INSERT INTO trace_sample (kind, text) VALUES (?, ?)", (kind, zlib.compress(text, _LEVEL))
        )
        self._remember(kind, int(cursor.lastrowid or 0), text, number)

    def _remember(self, kind: str, sample_id: int, text: bytes, number: int) -> _Sample:
        if len(self._samples) >= _CACHED:
            self._samples.clear()
        bits = -_SHORT_BITS if len(text) <= _SHORT_SAMPLE else _RAW
        deflate = zlib.compressobj(_SAMPLE_LEVEL, wbits=bits, memLevel=_MEMORY_LEVEL, zdict=text)
        sample = self._samples[kind] = _Sample(sample_id, deflate, number)
        return sample

    def _consider(self, kind: str, sample: _Sample, data: bytes, room: int) -> None:
        """Make another sample of the traces that were tried, when they take much room."""
        if sample.number >= _MOST_SAMPLES:
            return
        sample.tried.append(data[:_WINDOW])
        sample.room += room
        if len(sample.tried) == _TRIED:
            if sample.room > _TRIED * _ROOM:
                self._add(kind, _telling_lines(sample.tried), sample.number + 1)
            else:
                sample.tried.clear()
                sample.room = 0


def _telling_lines(traces: list[bytes]) -> bytes:
    """Lines of traces that come again, each once, and the first of any that differ by numbers only; in their order.

    >>> _telling_lines([b"call 1\\nend\\n", b"call 2\\nend\\n", b"call 2\\n"])
    b'call 1\\nend\\ncall 2\\n'
    """
    counts = Counter(line for trace in traces for line in trace.splitlines(keepends=True))
    forms: dict[bytes, bytes] = {}
    for line in counts:
        forms.setdefault(_NUMBER.sub(b"", line), line)
    first = set(forms.values())
    return b"".join(line for line, count in counts.items() if count > 1 or line in first)


def _deflated(data: bytes) -> bytes:
    """A trace by itself."""
    return zlib.compress(data, _LEVEL, _RAW)


def inflate(body: bytes | None, sample: bytes | None) -> str:
    """The trace in a failure's body; `sample` is the deflated text that it starts from, if there is one."""
    if body is None:
        return ""
    if sample is None:
        data = zlib.decompress(body, _RAW)
    else:
        run = zlib.decompressobj(_RAW, zdict=zlib.decompress(sample))
        data = run.decompress(body) + run.flush()
    return data.decode("utf-8", "surrogatepass")
