"""Decides what a file is by the first 64 KB of its content; the name only tells what it claims to be.

- A known document is named: a report, changes, a catalog, owners, the identity of a run, an archive, a compressed file.
- What looks like or claims to be XML, JSON or an archive and is none of them, or is empty, is refused with the reason.
- Anything else is unknown and skipped: text, pictures, web pages that do not claim to be a report.

CODEOWNERS has no recognisable content: there the file name is the rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from ingest.errors import Refused
from ingest.formats.dialects import JsonDialect, json_dialect, xml_dialect
from ingest.formats.json_shape import JsonShape, is_scalar, looks_like_json, shape_of
from ingest.formats.xml_bytes import after_harmless_doctype, find_encoding
from ingest.limits import Limits
from ingest.sources.compressed import compression_of
from ingest.sources.member import archive_format

HEAD_BYTES = 64 * 1024
"""How much of a file `recognise` wants to see; less only when the file is shorter."""
EMPTY = "the file is empty"
_MOST_OTHER_LINES = 500


class Kind(StrEnum):
    """What becomes of a file."""

    REPORT = "report"
    CHANGES = "changes"
    CATALOG = "catalog"
    OWNERS = "owners"
    RUN = "run"
    ARCHIVE = "archive"
    COMPRESSED = "compressed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file is. `code`, `reason`, `line` and `column` are those of `Refused`; an unknown file has a reason."""

    kind: Kind
    format: str | None = None
    """`junit`, `ctrf`, `cdevents`, `github`, `git-log`, `change-table`, `backstage`, `codeowners`, `run.json`,
    `zip`, `tar`, `gzip`, `bzip2`, `xz`, `zstd`; of a refused file the dialect where it is known, such as `trx`."""
    code: str = ""
    reason: str = ""
    line: int | None = None
    column: int | None = None

    def refusal(self) -> Refused:
        """The refusal as an exception."""
        return Refused(self.code, self.reason, line=self.line, column=self.column)


_XML_NAMES = (".xml", ".trx", ".xunit", ".junit", ".nunit", ".testng")
_JSON_NAMES = (".json", ".jsonl", ".ndjson", ".ctrf")
_ARCHIVE_NAMES = (".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst", ".7z", ".rar", ".jar", ".war", ".whl")
_PAGE_NAMES = (".html", ".htm", ".xhtml", ".md", ".markdown", ".txt", ".log", ".vue", ".svelte", ".php", ".erb", ".hbs")
_MAGIC = (
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
)
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_GIT_LOG = re.compile(rb"commit (?:[0-9a-f]{40}|[0-9a-f]{64})\0")
"""As `ingest.changes.gitlog` reads it."""
_TABLE_COLUMNS = {"service", "version", "environment", "time"}
_BACKSTAGE = re.compile(r"^[\"']?apiVersion[\"']?\s*:\s*[\"']?backstage\.io/", re.MULTILINE)
_BACKSTAGE_JSON = re.compile(r"\"apiVersion\"\s*:\s*\"backstage\.io/")
_KEPLOY = re.compile(r"^version:\s*[\"']?api\.keploy\.io/.*?^status:.*?^total:\s*\d", re.MULTILINE | re.DOTALL)
_KINDS = {"cdevents": Kind.CHANGES, "github": Kind.CHANGES, "allure-executor": Kind.RUN}
_RUN_PREFIXES = ("cicd.pipeline", "crywolf.", "vcs.ref", "vcs.repository.", "vcs.change.", "deployment.environment")


def recognise(head: bytes, name: str, *, depth: int = Limits().depth) -> Recognised:
    """What a file is.

    Args:
        head: its first `HEAD_BYTES`, all of it when it is shorter.
        name: its path, or its name inside an archive; `-` for standard input.
        depth: `limits.depth`, beyond which an unknown document is refused for that.

    >>> recognise(b"<testsuites/>", "x").format, recognise(b"hello", "notes.txt").kind
    ('junit', <Kind.UNKNOWN: 'unknown'>)
    """
    base = name.replace("\\", "/").rpartition("/")[2]
    lower = base.lower()
    if base == "CODEOWNERS":
        return Recognised(Kind.OWNERS, "codeowners")
    packed = _packed(head)
    if packed is not None:
        return packed
    if not head or head in (bom for bom, _ in _BOMS):
        return _empty(lower)
    if _GIT_LOG.match(head):
        return Recognised(Kind.CHANGES, "git-log")
    text = _decoded(head)
    if text.lstrip("\0 \t\r\n").startswith("<") or head.startswith((b"<\0", b"\0<", b"\x4c\x6f\xa7\x94")):
        return _xml(head, text, lower)
    if looks_like_json(text):
        return _json(text, depth)
    return _plain(text, lower)


def _packed(head: bytes) -> Recognised | None:
    """An archive or a compressed file."""
    archive = archive_format(head)
    if archive:
        return Recognised(Kind.ARCHIVE, archive)
    compression = compression_of(head)
    if compression:
        return Recognised(Kind.COMPRESSED, compression)
    other = next((name for magic, name in _MAGIC if head.startswith(magic)), None)
    if other is None:
        return None
    reason = f"a {other} archive, which is not read; make it a zip or tar archive"
    return Recognised(Kind.REFUSED, other, "unknown-format", reason)


def _claim(lower: str) -> str:
    """What a name claims its file to be: XML, JSON, archive, or nothing."""
    for names, claim in ((_XML_NAMES, "XML"), (_JSON_NAMES, "JSON"), (_ARCHIVE_NAMES, "archive")):
        if lower.endswith(names):
            return claim
    return ""


def _empty(lower: str) -> Recognised:
    claim = _claim(lower)
    if not claim:
        return Recognised(Kind.UNKNOWN, reason=EMPTY)
    return _refused("empty-file", f"the name says {claim}, but the file is empty; its writer may not have finished")


def _refused(code: str, reason: str, line: int | None = None, column: int | None = None) -> Recognised:
    return Recognised(Kind.REFUSED, None, code, reason, line, column)


def _decoded(head: bytes) -> str:
    """The head as text; Latin-1 stands in for UTF-8, because only ASCII characters matter here."""
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            head = head[len(bom) :]
            return head.decode("latin-1" if encoding == "utf-8" else encoding, "ignore")
    if head.startswith((b"{\0", b"[\0", b"<\0")):
        return head.decode("utf-16-le", "ignore")
    if head.startswith((b"\0{", b"\0[", b"\0<")):
        return head.decode("utf-16-be", "ignore")
    return head.decode("latin-1")


# XML

_ROOT = re.compile(r"<([A-Za-z_:\x80-\U0010ffff][^\s/<>\"'=&!?]{0,199})(?=[\s/>])")
_ATTRIBUTE = re.compile(r"\s([^\s=\"'<>/]{1,100})\s*=\s*(?:\"([^\"<]{0,500})\"|'([^'<]{0,500})')")
_NEAR = 4_000
_DOCTYPE = re.compile(r"<!DOCTYPE\s+([^\s>\[]{1,100})", re.IGNORECASE)
_PAGE_TAGS = frozenset(
    ["html", "head", "body", "p", "div", "span", "a", "img", "h1", "h2", "h3", "h4", "br", "hr", "ul", "ol", "li",
     "table", "tr", "td", "center", "details", "summary", "picture", "pre", "code", "script", "style", "template",
     "section", "header", "footer", "main", "b", "i", "em", "strong", "sub", "sup", "kbd"]
)  # fmt: skip


def _xml(head: bytes, text: str, lower: str) -> Recognised:
    """A file whose first character is `<`."""
    claim = _claim(lower)
    is_page = lower.endswith(_PAGE_NAMES)
    at = _after_prolog(text)
    if at < 0 or at >= len(text):
        return _no_root(text, len(head) >= HEAD_BYTES, claim, is_page)
    doctype = _DOCTYPE.match(text, at)
    root = _ROOT.match(text, at)
    root_name = (doctype or root or [""])[doctype is not None or root is not None]
    if root_name.lower() in _PAGE_TAGS:
        if is_page or (not claim and root_name.lower() != "html"):
            return Recognised(Kind.UNKNOWN, reason="a web page")
        return _refused("xml-syntax", "an HTML page, perhaps an error or login page, and no report", *_place(text, at))
    if is_page:
        return Recognised(Kind.UNKNOWN, reason="text with markup")
    try:
        find_encoding(head)
    except Refused as refusal:
        return _refused(refusal.code, refusal.reason, refusal.line)
    if doctype is not None:
        named = xml_dialect(root_name, "", frozenset(), "")
        if named is not None and not (named.is_read or named.is_report or named.is_companion):
            return _known_by_name(named.format, named.title, False, _place(text, at))
        reason = "a document type declaration (DOCTYPE) is never read; remove it from the report"
        return _refused("xml-doctype", reason, *_place(text, at))
    return _by_root(text, root, at, claim, len(head) >= HEAD_BYTES)


def _after_prolog(text: str) -> int:
    """Where the prolog of white space, processing instructions and comments ends; -1 when the text ends inside it."""
    at = 0
    while True:
        while at < len(text) and text[at] in " \t\r\n":
            at += 1
        end = "?>" if text.startswith("<?", at) else "-->" if text.startswith("<!--", at) else ""
        if not end:
            past = after_harmless_doctype(text, at)
            if past == at:
                return at
            at = past
            continue
        found = text.find(end, at + 2)
        if found < 0:
            return -1
        at = found + len(end)


def _place(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _no_root(text: str, is_cut: bool, claim: str, is_page: bool) -> Recognised:
    if is_page or not (claim or text.lstrip().startswith("<?xml")):
        return Recognised(Kind.UNKNOWN, reason="no element among its first characters")
    if is_cut:
        return _refused("unknown-format", f"no element in the first {HEAD_BYTES:,} bytes")
    return _refused("xml-truncated", "the file ends before its first element; write it again", *_place(text, len(text)))


def _by_root(text: str, root: re.Match[str] | None, at: int, claim: str, is_cut: bool) -> Recognised:
    if root is None:
        is_name = text[at + 1 : at + 2].isalpha()
        if not is_cut and text.find(">", at) < 0 and text[at] == "<" and (claim or is_name):
            return _refused(
                "xml-truncated", "the file ends inside its first element; write it again", *_place(text, at)
            )
        if not claim and not text.lstrip().startswith("<?xml"):
            return Recognised(Kind.UNKNOWN, reason="starts with < and is no XML")
        return _refused("xml-syntax", "no XML element where the first one should be", *_place(text, at))
    prefix, _, local = root[1].rpartition(":")
    attributes = _attributes(text, root.end())
    namespace = attributes.get(f"xmlns:{prefix}" if prefix else "xmlns", "")
    dialect = xml_dialect(local, namespace, frozenset(attributes), _first_child(text, root.end()))
    if dialect is None:
        shown = "".join(character for character in local[:60] if character.isascii() and character.isprintable())
        return _refused(
            "unknown-format", f"XML with the root element {shown!r}, which is no known report", *_place(text, at)
        )
    if dialect.is_read:
        return Recognised(Kind.REPORT, dialect.format)
    if dialect.is_companion:
        return Recognised(Kind.UNKNOWN, dialect.format, reason=f"{dialect.title}: holds no test results")
    return _known_by_name(dialect.format, dialect.title, dialect.is_report, _place(text, at))


def _first_child(text: str, at: int) -> str:
    """Local name of the first element behind a start tag whose name ends here; empty where there is none near.

    >>> _first_child("<a b='1'><!-- c --><x:d/>", 2)
    'd'
    """
    while (match := _ATTRIBUTE.match(text, at)) is not None:
        at = match.end()
    end = text.find(">", at, at + _NEAR)
    rest = text[end + 1 : end + _NEAR] if end >= 0 and text[end - 1] != "/" else ""
    start = _after_prolog(rest)
    child = _ROOT.match(rest, start) if start >= 0 else None
    return child[1].rpartition(":")[2] if child else ""


def _attributes(text: str, at: int) -> dict[str, str]:
    """Attributes of a start tag, of the first 50 at most."""
    found: dict[str, str] = {}
    while len(found) < 50:
        match = _ATTRIBUTE.match(text, at)
        if match is None:
            break
        found[match[1]] = match[2] or match[3] or ""
        at = match.end()
    return found


def _known_by_name(format_name: str, title: str, is_report: bool, place: tuple[int, int] | None = None) -> Recognised:
    reason = f"{title}: not read yet" if is_report else f"{title}: holds no test results"
    line, column = place or (None, None)
    return Recognised(Kind.REFUSED, format_name, "unknown-format", reason, line, column)


# JSON


def _json(text: str, depth: int) -> Recognised:
    shape = shape_of(text)
    if _BACKSTAGE_JSON.search(text) and {"apiVersion", "kind", "metadata"} <= shape.keys:
        return Recognised(Kind.CATALOG, "backstage")
    dialect = json_dialect(shape.keys, shape.outer)
    if dialect is None and shape.outer == "lines":
        dialect = _dialect_of_lines(text)
    if dialect is not None and dialect.is_read:
        return Recognised(_KINDS.get(dialect.format, Kind.REPORT), dialect.format)
    if _is_table(shape):
        return Recognised(Kind.CHANGES, "change-table")
    if shape.outer == "object" and any(key.startswith(_RUN_PREFIXES) for key in shape.keys):
        return Recognised(Kind.RUN, "run.json")
    if dialect is not None and dialect.is_companion:
        return Recognised(Kind.UNKNOWN, dialect.format, reason=f"{dialect.title}: holds no test results")
    if dialect is not None:
        return _known_by_name(dialect.format, dialect.title, dialect.is_report)
    return _other_json(text, shape, depth)


def _dialect_of_lines(text: str) -> JsonDialect | None:
    """The dialect of the first event of a stream that begins with lines of other programs."""
    for line in text.split("\n", _MOST_OTHER_LINES)[:_MOST_OTHER_LINES]:
        if line.startswith("{"):
            dialect = json_dialect(shape_of(line).keys, "lines")
            if dialect is not None and dialect.is_lines:
                return dialect
    return None


def _is_table(shape: JsonShape) -> bool:
    return {key.lower() for key in shape.keys} >= _TABLE_COLUMNS


def _other_json(text: str, shape: JsonShape, depth: int) -> Recognised:
    if shape.depth > depth:
        reason = f"nested deeper than the {depth} levels of limits.depth, and no known document"
        return _refused("json-depth", reason, 1, 1)
    if re.match(r"\s*\{\s*'", text):
        return _refused("json-syntax", "single quotes: this is a program's own notation and no JSON", 1, 1)
    keys = ", ".join(repr(key[:30]) for key in sorted(shape.keys) if "." not in key and key.isprintable())
    what = {"array": "a JSON array of objects", "lines": "JSON lines"}.get(shape.outer, "a JSON object")
    detail = f" with the keys {keys[:120]}" if keys else "" if shape.keys else " without keys"
    return _refused("unknown-format", f"{what}{detail}, which is no known input")


# Anything else


def _plain(text: str, lower: str) -> Recognised:
    """Text that starts like neither XML nor JSON."""
    if _BACKSTAGE.search(text):
        return Recognised(Kind.CATALOG, "backstage")
    if _KEPLOY.search(text):
        return Recognised(Kind.REPORT, "keploy")
    first = text.lstrip().partition("\n")[0]
    columns = {part.strip().strip("\"'").lower() for part in re.split(r"[,;\t]", first[:2000])}
    if columns >= _TABLE_COLUMNS:
        return Recognised(Kind.CHANGES, "change-table")
    is_page = lower.endswith(_PAGE_NAMES) and not lower.endswith((".txt", ".log"))
    dialect = None if is_page else _dialect_of_lines(text)
    if dialect is not None and dialect.is_read:
        return Recognised(Kind.REPORT, dialect.format)
    claim = _claim(lower)
    if claim == "JSON":
        if is_scalar(text):
            return _refused("unknown-format", "a single JSON value, which is no known input", 1, 1)
        return _refused("json-syntax", "the name says JSON, but the content does not start like it", 1, 1)
    if claim == "XML":
        reason = "white space only" if not text.strip() else "the name says XML, but the content does not start with <"
        return _refused("xml-syntax", reason, 1, 1)
    if claim == "archive":
        return _refused("unknown-format", "the name says archive, but the content is none")
    return Recognised(Kind.UNKNOWN, reason="neither XML, JSON, an archive, a table of changes nor a catalog")
