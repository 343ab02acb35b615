"""The signature of a failure: what stays the same when the same thing fails again.

Times, ids, addresses, numbers and quoted values are masked; what remains is the exception's type, the first line of the
message and the three topmost frames of the project's own code, without line numbers. Frames of the test itself count
only where the message says nothing of its own, so that one cause in many tests is one cluster, but "expected true" in
two tests is not. Standard library only: it runs while a report is read. `SIGNATURE_VERSION` is stored beside every key
and goes up with every change of the rules, so that nothing is regrouped silently.

Source: masks as in LUCI Analysis' failure reasons and Kubernetes' triage; the choice of parts as in Sentry.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from ingest.model import Failure

SIGNATURE_VERSION = 1
"""Goes up when an equal failure could get another key."""

_LINE_CHARS = 600
"""Of a line, this much is looked at: a signature needs no more, and no pattern sees a huge token."""
_TEXT_CHARS = 32_000
_TITLE_CHARS = 160
_FRAMES = 3
_CAUSES = 6


class SignatureText(NamedTuple):
    """A failure's fingerprint and a line that a person reads."""

    key: str
    """16 hex digits; equal for failures of one cluster under one `SIGNATURE_VERSION`; empty when there is no text."""
    title: str
    """One masked line: `<n>` a number, `<id>` an id, `<time>` a moment, `<addr>` an address, `…` a quoted value."""


def sign(failure: Failure) -> SignatureText:
    """Signature of what one failed attempt said.

    >>> sign(Failure("", "", ""))
    SignatureText(key='', title='')
    """
    text = failure.text[:_TEXT_CHARS]
    lines = text.split("\n")
    line = _first_line(failure.message)
    if line.lower().rstrip(".:") in _SAYS_NOTHING:
        line = _telling_line_of_trace(text, lines) or line
    kind = " ".join(failure.type[:_LINE_CHARS].split()) or _type_at_start(line)
    if not (line or kind):
        return SignatureText("", "")
    masked = _masked(_without_type(line, kind))
    generic = _is_generic(masked)
    parts = (
        str(SIGNATURE_VERSION),
        _masked(kind),
        _SERVER_ERROR.sub("5xx", masked),
        *_frames(text, lines, with_tests=generic),
    )
    key = hashlib.sha1("\x1f".join(parts).encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()[:16]
    return SignatureText(key, _title(kind, line, masked, failure.message, _causes(text, lines)))


# ---------------------------------------------------------------- masks
_TIME = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_ID, _ADDRESS = "<id>", "<addr>"
_MASKS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("-", re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), _ID),
    ("-", re.compile(rf"\b\d{{4}}-\d\d-\d\d(?:[T ]{_TIME}(?:Z|[+-]\d\d:?\d\d)?)?(?!\w)"), "<time>"),
    (":", re.compile(rf"\b{_TIME}\b"), "<time>"),
    (".", re.compile(r"(?<![\w.])/?\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?![\w.]\d)"), _ADDRESS),
    ("[", re.compile(r"\[(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}\](?::\d{1,5})?"), _ADDRESS),
    (":", re.compile(r"(?<=[A-Za-z0-9\])]):\d{2,5}(?![\w.])"), ":<n>"),
    ("0x", re.compile(r"\b0x[0-9a-fA-F]+\b"), _ID),
    ("@", re.compile(r"@[0-9a-f]{5,16}\b"), _ID),
    ("-", re.compile(r"(?<=[a-z0-9]-)(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{5,10}(?:-[a-z0-9]{5})?(?![\w.])"), _ID),
    ("", re.compile(r"\b(?=[a-fA-F]*\d)(?=\d*[a-fA-F])[0-9a-fA-F]{7,}\b"), _ID),
    ("", re.compile(r"(?<![\w.,])[-+]?\d+(?:[.,]\d+)*\s?(?:[nuµm]?s|sec\w{0,4}|mins?|minutes?|millis\w*)\b"), "<n>"),
    ("", re.compile(r"(?<![A-Za-z_])[-+]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?"), "<n>"),
)  # fmt: skip
"""(what a line must hold to be worth a look, pattern, what it becomes), in this order."""
_DIGIT = re.compile(r"\d")
_LONG_TOKEN = re.compile(r"(?<![\w+=])[A-Za-z0-9+_-]{20,}={0,2}(?![\w+=])")
_QUOTED = re.compile(r"\"[^\"\n]{0,200}\"|(?<!\w)'[^'\n]{0,200}'(?!\w)|`[^`\n]{0,200}`")
_NAME = re.compile(r"[A-Za-z_$][A-Za-z_$.\[\]-]{0,60}\Z")
_STATUS = re.compile(
    r"(?i)(\b(?:status|code|http|returned|expected|got|was|actual|received)\W{0,6}|-> ?)([1-5]\d\d)(?![\w.,:])(?! ?ms)"
    r"|\b()([1-5]\d\d)(?= (?:Server|Client) Error)"
)
_SERVER_ERROR = re.compile(r"\b50[0234]\b")
_HIDDEN_DIGITS = str.maketrans("0123456789", "".join(chr(0xE010 + d) for d in range(10)))
_SHOWN_DIGITS = {0xE010 + d: str(d) for d in range(10)}


def mask(line: str) -> str:
    """A line with everything that varies from run to run replaced by what kind of thing it was.

    HTTP status codes stay, 404 and 503 being different failures; so do quoted names such as `'user_id'`.

    >>> mask("Read timed out after 5032 ms (10.0.3.7:41234), request 7f3a91bc00aa")
    'Read timed out after <n> (<addr>), request <id>'
    >>> mask("expected: <200> but was: <503>")
    'expected: <200> but was: <503>'
    """
    text = line[:_LINE_CHARS]
    if '"' in text or "'" in text or "`" in text:
        text = _QUOTED.sub(_mask_quote, text)
    if _DIGIT.search(text) is not None:
        text = _STATUS.sub(_hide_status, text)
        text = _LONG_TOKEN.sub(_mask_token, text)
        for needle, pattern, kind in _MASKS:
            if needle in text:
                text = pattern.sub(kind, text)
        text = text.translate(_SHOWN_DIGITS)
    return " ".join(text.split())


_masked = lru_cache(maxsize=1_024)(mask)
"""Of what comes again: types, causes, most messages."""


def _mask_quote(found: re.Match[str]) -> str:
    quote, inner = found[0][0], found[0][1:-1]
    return found[0] if _NAME.match(inner) else f"{quote}…{quote}"


def _hide_status(found: re.Match[str]) -> str:
    return (found[1] or "") + (found[2] or found[4]).translate(_HIDDEN_DIGITS)


def _mask_token(found: re.Match[str]) -> str:
    token = found[0]
    digits = sum(map(str.isdigit, token))
    return _ID if digits >= 3 and token.lower() != token and token.upper() != token else token


# ---------------------------------------------------------------- lines
_TYPE = re.compile(
    r"(?:[A-Za-z_$][\w$]*[.:]{1,2}){0,12}[A-Z][\w$]*(?:Error|Exception|Failure|Failed|Timeout|Fault|Panic|Warning)\b"
)
_SAYS_NOTHING = frozenset({"", "failed", "failure", "error", "test failed", "test failure", "assertion failed"})
_GENERIC = frozenset((
    "a", "actual", "addr", "an", "and", "array", "assert", "assertion", "be", "but", "did", "does", "equal",
    "equality", "equals", "error", "exception", "expect", "expected", "expecting", "failed", "failure", "false",
    "got", "id", "in", "is", "it", "js", "match", "none", "not", "null", "object", "of", "or", "output",
    "received", "should", "size", "test", "that", "the", "time", "to", "tobe", "toequal", "true", "undefined",
    "value", "values", "was", "were", "while", "with",
))  # fmt: skip
_WORD = re.compile(r"[a-z]{2,}")
_CAUSED_BY = re.compile(r"(?:Caused by: |\[cause\]: |E   +|panic: |[ \t]*Error:[ \t]+)(\S.*)")
_CAUSE_STARTS = ("Caused by: ", "[cause]: ", "E   ", "panic: ")
_STATED = re.compile(
    r"^(?:E {2,}|panic: |[ \t]*Error:[ \t]+(?:Received unexpected error:[ \t]*\n\s*|(?=\S)))(\S.*)$", re.MULTILINE
)
_PYTHON_END = re.compile(r"(?:[A-Za-z_][\w.]*(?:Error|Exception|Timeout|Warning|Exit|Interrupt|Failure))(?::.*)?\Z")
_REQUEST = re.compile(
    r"\b(GET|POST|PUT|PATCH|DELETE|HEAD)\s+(?:https?://([\w.-]{1,100}))?(?::\d{1,5})?(/[^\s?#\"'),]{0,120})?"
)
_REPLY = re.compile(
    r"(?:-> ?|status(?: code)?\W{1,3}|returned |HTTP(?:/\d\S*)? |responded (?:with )?|got )([1-5]\d\d)\b"
)
_TROUBLE = (
    "refused", "unavailable", "timed out", "timeout", "time out", "no healthy", "reset by peer", "unhandled", "denied",
    "not found", "deadlock", "closed the",
)  # fmt: skip
_CHATTER = ("=== RUN", "--- FAIL", "=== PAUSE", "=== CONT", "Traceback (most recent", "self = ", "def ", "@", "File ")


def _first_line(message: str) -> str:
    for line in message[: 4 * _LINE_CHARS].splitlines():
        if line.strip():
            return line.strip()[:_LINE_CHARS]
    return ""


def _telling_line_of_trace(text: str, lines: Sequence[str]) -> str:
    """The line of a trace that stands for it where there is no message."""
    if "Traceback (most recent call last)" in text:
        end = next((line for line in reversed(lines) if _PYTHON_END.match(line)), None)
        if end is not None:
            return end[:_LINE_CHARS]
    stated = _STATED.search(text)
    if stated is not None:
        return stated[1].strip()[:_LINE_CHARS]
    for line in text[: 8 * _LINE_CHARS].splitlines():
        stripped = line.strip()
        if stripped and not stripped.startswith(_CHATTER):
            return stripped[:_LINE_CHARS]
    return ""


def _type_at_start(line: str) -> str:
    found = _TYPE.match(line)
    return "" if found is None else found[0]


def _without_type(line: str, kind: str) -> str:
    """The message without a leading `Type: `, so that it reads the same whether or not the tool repeats the type."""
    for name in (kind, kind.rsplit(".", 1)[-1]):
        if name and line.startswith(name):
            return line[len(name) :].lstrip(" :")
    return line


def says_little(title: str) -> bool:
    """Whether a title, exception types aside, says nothing that only its own cause would say.

    >>> says_little("AssertionError: expected: <n> but was: <n>"), says_little("503 from payments on POST /charge")
    (True, False)
    """
    return _is_generic(_TYPE.sub("", title[:_LINE_CHARS]))


def _is_generic(masked: str) -> bool:
    """Whether a message says nothing that only its own cause would say: fewer than two words of its own."""
    own = 0
    for word in _WORD.findall(masked.lower()):
        if word not in _GENERIC:
            own += 1
            if own == 2:
                return False
    return True


# ---------------------------------------------------------------- frames
_DOTTED = re.compile(r"[\w.$<>`+\[\]-]+\.[\w$<>`]+\Z")
_SCRIPT = re.compile(r"\.[cm]?[jt]sx?:")
_JS_FRAME = re.compile(r"^[ \t]+at (?:async )?(?:([^\s(][^(\n]{0,120}) \()?((?:file://)?[^()\n]{1,300}?):\d+:\d+\)?\Z")
_PYTHON_FRAME = re.compile(r"^[ \t]*File \"([^\"\n]{1,300})\", line \d+, in (\S+)")
_PYTEST_FRAME = re.compile(r"^([\w./\\-]{1,300}\.py):\d+: (?:in (\S+))?")
_GO_FRAME = re.compile(r"([\w./@-]{1,300}\.go):\d+")
_RUBY_FRAME = re.compile(r"([\w./-]{1,300}\.rb):\d+:in [`']([^'\n]{1,120})'")
_FOREIGN_PACKAGES = (
    "java.", "javax.", "jakarta.", "jdk.", "sun.", "com.sun.", "kotlin.", "kotlinx.", "scala.", "groovy.",
    "org.codehaus.groovy.", "org.junit.", "junit.", "org.testng.", "org.assertj.", "org.hamcrest.",
    "org.opentest4j.", "org.awaitility.", "org.mockito.", "org.apache.", "org.gradle.", "worker.org.gradle.",
    "org.springframework.", "io.netty.", "okhttp3.", "okio.", "retrofit2.", "feign.", "io.grpc.",
    "io.restassured.", "org.openqa.selenium.", "com.codeborne.", "com.fasterxml.", "com.google.",
    "org.hibernate.", "reactor.", "io.vertx.", "akka.", "zio.", "cats.", "org.spockframework.", "io.cucumber.",
    "io.kotest.", "System.", "Microsoft.", "Xunit.", "NUnit.",
)  # fmt: skip
_FOREIGN_PATHS = (
    "site-packages", "dist-packages", "/lib/python", "<frozen", "<string>", "node_modules", "node:",
    "internal/", "/usr/local/go/", "/go/pkg/mod/", "/usr/lib/go", "hostedtoolcache", "/gems/", "_pytest/",
    "runtime/", "testing/testing.go", "webpack/",
)  # fmt: skip
_TEST_FRAME = re.compile(
    r"(?:Tests?|ITs?|ITCase|TestCase|Specs?|Steps)(?:\$[\w$]*)?\.[\w$<>]+$"
    r"|(?:^|[/\\])(?:test_[^/\\]*|conftest|[^/\\]*_test|[^/\\]*_spec|[^/\\]*[.-](?:spec|test|cy))\.\w{1,4}(?: |$)"
    r"|(?:^|[/\\])(?:__tests__|e2e|cypress)[/\\]"
)
_SYNTHETIC = re.compile(r"\$\$Lambda[^.\s]*|lambda\$([\w$]*?)\$\d+|\$\d+|0x[0-9a-f]+")


def _frames(text: str, lines: Sequence[str], *, with_tests: bool) -> tuple[str, ...]:
    """The topmost frames of the project's own code, innermost first, without line numbers."""
    out: list[str] = []
    for frame in _all_frames(text, lines):
        named = _SYNTHETIC.sub(_without_number, frame) if "$" in frame or "0x" in frame else frame
        if (not out or out[-1] != named) and (with_tests or not _is_of_test(named)):
            out.append(named)
            if len(out) == _FRAMES:
                break
    return tuple(out)


def _without_number(found: re.Match[str]) -> str:
    return found[1] or ""


@lru_cache(maxsize=2_048)
def _is_of_test(frame: str) -> bool:
    return _TEST_FRAME.search(frame) is not None


def _all_frames(text: str, lines: Sequence[str]) -> Iterator[str]:
    """Frames of the project's own code, innermost first, in whatever dialect the trace is written."""
    if "at " in text:
        yield from filter(None, map(_dotted_frame, lines))
        if _SCRIPT.search(text) is not None:
            yield from (f"{path} {name or ''}".strip() for name, path in _places(_JS_FRAME, "at ", lines, 2))
    if 'File "' in text:
        yield from (f"{path} {name}" for path, name in _places(_PYTHON_FRAME, 'File "', reversed(lines)))
    elif ".py:" in text:
        yield from (f"{path} {name or ''}".strip() for path, name in _places(_PYTEST_FRAME, ".py:", reversed(lines)))
    elif ".go:" in text:
        yield from (path for (path,) in _places(_GO_FRAME, ".go:", lines))
    elif ".rb:" in text:
        yield from (f"{path} {name}" for path, name in _places(_RUBY_FRAME, ".rb:", lines))


def _places(pattern: re.Pattern[str], needle: str, lines: Iterable[str], path: int = 1) -> Iterator[list[str]]:
    """Groups of a pattern that is found in the project's own code, its path short.

    Args:
        needle: what a line must hold to be worth a look.
        path: number of the group that holds the path.
    """
    for line in lines:
        if needle in line:
            for found in pattern.finditer(line):
                if _is_ours(found[path]):
                    groups = list(found.groups())
                    groups[path - 1] = _short(found[path])
                    yield groups


def _dotted_frame(line: str) -> str:
    """Frame of the JVM or of .NET; empty where the line is none of the project's own."""
    start, bracket, rest = line.partition("(")
    name = _dotted_name(start) if bracket else ""
    return name if name and _SCRIPT.search(rest) is None else ""


@lru_cache(maxsize=2_048)
def _dotted_name(start: str) -> str:
    """What a frame calls, from the start of its line; empty where it is none of the project's own."""
    start = start.lstrip()
    if not start.startswith("at "):
        return ""
    name = start[3:].rpartition("/")[2]
    return name if _DOTTED.match(name) and not name.startswith(_FOREIGN_PACKAGES) else ""


def _is_ours(path: str) -> bool:
    return not any(part in path for part in _FOREIGN_PATHS)


def _short(path: str) -> str:
    """The last three parts of a path: the checkout's own folder differs between machines."""
    return "/".join(path.replace("\\", "/").split("/")[-3:])


# ---------------------------------------------------------------- title
def _title(kind: str, line: str, masked: str, message: str, causes: Sequence[str]) -> str:
    """The most telling of message and causes, masked; a request and its reply are said as a sentence."""
    best, spoken = line, masked
    if causes:
        best = max((line, *causes), key=_tellingness)
        if best is not line:
            spoken = _masked(_without_type(best, _type_at_start(best)))
    sentence = _request_sentence(best)
    if sentence is None and best is line and _is_generic(masked):
        compared = _compared(message) if "\n" in message else ""
        simple = re.split(r"[.:]", kind)[-1]
        sentence = " ".join(part for part in (f"{simple}:" if simple and spoken else simple, spoken, compared) if part)
    spoken = sentence or spoken
    return spoken if len(spoken) <= _TITLE_CHARS else spoken[: _TITLE_CHARS - 1].rstrip() + "…"


def _causes(text: str, lines: Sequence[str]) -> list[str]:
    """What a trace names as causes, outermost first."""
    if not ("Caused by: " in text or "Error:" in text or "\nE  " in text or ("[" in text and "[cause]: " in text)):
        return []
    candidates = (line for line in lines if line.startswith(_CAUSE_STARTS) or "Error:" in line)
    found = filter(None, map(_CAUSED_BY.match, candidates))
    return [one[1][:_LINE_CHARS] for one in islice(found, _CAUSES)]


@lru_cache(maxsize=1_024)
def _tellingness(line: str) -> int:
    """How much a line says about the cause; `max` keeps the first of equals."""
    lower = line.lower()
    said = 2 * any(word in lower for word in _TROUBLE) + (not _is_generic(lower))
    if "/" in line:
        said += 3 * (_REQUEST.search(line) is not None)
    return said + 2 * (_DIGIT.search(line) is not None and _REPLY.search(line) is not None)


@lru_cache(maxsize=1_024)
def _request_sentence(line: str) -> str | None:
    """`503 from payments on POST /charge`, where a line says all of it."""
    request = _REQUEST.search(line) if "/" in line else None
    reply = None if request is None else _REPLY.search(line)
    if request is None or reply is None or not (request[2] or request[3]):
        return None
    host = (request[2] or "").split(".")[0]
    place = f" from {host}" if host and not host.isdigit() else ""
    return f"{reply[1]}{place} on {request[1]} {mask(request[3] or '/')}"


def _compared(message: str) -> str:
    """Jest and others put what was compared on lines of their own."""
    pairs = re.findall(
        r"^\s*(Expected|Received|Actual|actual|expected)\s*:\s*(\S.{0,60})", message[:4000], re.MULTILINE
    )
    return " ".join(f"{word.lower()} {mask(f'got {value.strip()}')[4:]}" for word, value in pairs[:2])
