"""Names that strangers could give a test: every reader, screen and exporter is tried with all of them.

Each one has broken some program that shows test results.
"""

from __future__ import annotations

HOSTILE_NAMES: tuple[str, ...] = (
    "test_a[red]",
    "test_b[/x]",
    "[/]",
    "test_c[",
    "got [/",
    "test_d[[1, 2], [3]]",
    '{"booleans": [true, false]}',
    "[link=https://evil.test]click[/link]",
    "[@click=app.quit]test_login[/]",
    "$primary [$error]x",
    ":skull: :warning:",
    "a\\[b]\\",
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[H cleared",
    "\x1b]0;title\x07after",
    "\x1b]52;c;cm0gLXJmIH4=\x07clipboard",
    "\x1b]8;;file:///etc/passwd\x1b\\click\x1b]8;;\x1b\\",
    "\x1bP$q\nid\n\x1b\\",
    "\x1b]0;never ended",
    "\x9b31mC1 colour",
    "\x9d0;C1 title\x9c",
    "nul\x00inside",
    "new\nline",
    "carriage\rreturn",
    "tab\tinside",
    "back\b\b\bspace",
    "\x07bell",
    "del\x7fete",
    "lone \ud800 surrogate",
    "\ufeffbom",
    "line\u2028separator",
    "日本語のテスト",
    "grün ñandú Ελληνικά",
    "👩\u200d👩\u200d👧\u200d👦 family 🎉",
    "مرحبا بالعالم",
    "test_\u202egnp.exe",
    "a\u2066b\u2069c",
    "Z" + "\u0300\u0301\u0302" * 50,
    "=cmd|'/C calc'!A0",
    "a|b|c `x` <script>alert(1)</script>",
    "'; DROP TABLE tests;--",
    "../../../../etc/passwd",
    "{0.__class__} %s %n",
    "",
    "   ",
    "N" * 10_000,
)

FORBIDDEN = frozenset(
    [chr(code) for code in (*range(0x00, 0x09), 0x0B, 0x0C, *range(0x0D, 0x20), *range(0x7F, 0xA0))]
    + [chr(code) for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]
)
"""Characters that must never reach a terminal: C0 but newline and tab, DEL, C1, bidirectional controls."""
