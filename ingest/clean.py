"""Makes text written by strangers safe to store and to show: the one choke point, `clean()` on every foreign string.

Terminal sequences disappear silently (colours in captured output are the usual case, and a reader expects the text
without them), other control characters are removed, and what Python cannot encode is replaced. Removing never joins two
halves into a new sequence, because every ESC and every C1 character goes. Order of use: clean, redact, cut.

All patterns are linear: each alternative starts with its own character and no class may cross the start of another one.
"""

from __future__ import annotations

import hashlib
import re

_STRING_BODY = r"[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)"
_SEQUENCES = re.compile(
    r"(?:"
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor, modes
    rf"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]){_STRING_BODY}"  # OSC, DCS, SOS, PM, APC with their text
    r"|\x1b[ -/]*[0-~]?"  # any other escape, and the start of an unterminated one: the text after it stays
    r")+"
)
_LINE_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")
_REMOVED = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # C0 but newline and tab, DEL, C1
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufeff]+"  # bidirectional controls, deprecated ones, stray BOM
)
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_BREAKS = re.compile(r"[\n\t]+")
_LEFT_OUT = re.compile(r"\n… \[([0-9,]{1,20}) characters left out\] …\n")
_HASH_CHARS = 8


def clean(text: str) -> str:
    """Text without escape sequences, control characters other than newline and tab, and bidirectional controls.

    A carriage return and the Unicode line ends become newlines, a lone surrogate becomes U+FFFD. Idempotent; harmless
    text is returned as it is.

    >>> clean("\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07text")
    'red text'
    """
    if text.isprintable() or text.replace("\n", "").replace("\t", "").isprintable():
        return text
    if "\x1b" in text or not text.isascii():
        text = _SEQUENCES.sub("", text)
    text = _REMOVED.sub("", _LINE_ENDS.sub("\n", text))
    return text if text.isascii() else _SURROGATES.sub("�", text)


def clean_line(text: str) -> str:
    """A name on one line: cleaned, newlines and tabs become single spaces, no white space around it.

    >>> clean_line(" a\\n\\tb ")
    'a b'
    """
    if not text.isprintable():
        text = _BREAKS.sub(" ", clean(text))
    return text.strip()


def left_out(count: int) -> str:
    """The marker that stands where characters were left out.

    >>> left_out(12345)
    '\\n… [12,345 characters left out] …\\n'
    """
    return f"\n… [{count:,} characters left out] …\n"


def cut(text: str, limit: int) -> str:
    """A text of at most `limit` characters: head and tail stay, a marker between them says how much is missing.

    What a marker of an earlier cut counted is added to the new one. Below the length of a marker the head alone stays.

    >>> cut("abc", 3), cut("x" * 200, 60)
    ('abc', 'xxxxxxxxxx\\n… [185 characters left out] …\\nxxxxx')
    """
    if len(text) <= limit:
        return text
    room = limit - len(left_out(10**12))
    if room <= 0:
        return text[: max(limit, 0)]
    tail = room // 3
    head = room - tail
    middle = text[head : len(text) - tail]
    missing = len(middle)
    for marker in _LEFT_OUT.finditer(middle):
        missing += int(marker[1].replace(",", "")) - len(marker[0])
    return f"{text[:head]}{left_out(missing)}{text[len(text) - tail :]}"


def cut_name(name: str, limit: int) -> str:
    """A name of at most `limit` characters: a longer one ends in `…` and eight hex digits of the whole's SHA-256.

    >>> cut_name("test_login", 2000), cut_name("N" * 3000, 20)
    ('test_login', 'NNNNNNNNNNN…019b84bf')
    """
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_CHARS]
    return f"{name[: max(limit - _HASH_CHARS - 1, 0)]}…{digest}"
