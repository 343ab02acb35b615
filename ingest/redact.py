"""Takes secrets out of foreign text: `redact()` on every string between cleaning and cutting, before it is stored.

A mark such as `[redacted jwt]` stands where the secret stood, the same for every secret of its kind, so that a failure
keeps its signature when a token is renewed. What counts as a secret is in `ingest.secret_kinds`.

Nearly every name is let through after a few substring tests, nearly every line of a long text because lines like it
were looked at before; the rest is searched for the fixed parts of the rules, and only there is a pattern tried. No long
part of a text is matched twice by one rule, so that the time is linear.
Order of use: clean, redact, cut.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from ingest.plain_lines import odd_lines
from ingest.secret_kinds import BASE64, RULES, SHORTEST_BASE64, Rule, is_drawn

_SHORTEST, _SHORTEST_TOKEN = 8, 16
_DIGIT = re.compile(r"[0-9]")
_LONG_RUN = re.compile(r"(?:[\w+/-]{0,39}+[^\w+/-]++)*+[\w+/-]{40}", re.ASCII)
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_AFTER = "),.]}:"
"""What may follow a secret without being part of it."""
_LONGEST_MARK = 32
_MARK, _PRIVATE_KEY = "[redacted", "-----BEGIN "
_BY_LINES, _REMEMBERED_CHARS = 300, 1_000
"""From this length on a text is looked at line by line; what became of a line up to that length is remembered."""
_LOOKED_AT_TWICE = 200
"""A shorter text that stands where a secret could and is none may itself have one inside."""


def redact(text: str, found: Counter[str] | None = None) -> str:
    """A clean text with a mark in place of each secret. Idempotent; a text without secrets is returned as it is.

    Args:
        text: as `clean` left it.
        found: counts the secrets by kind.

    >>> redact("login failed: password=hunter2")
    'login failed: password=[redacted credential]'
    """
    if len(text) >= _BY_LINES and _PRIVATE_KEY not in text and _MARK not in text:
        return _by_lines(text, found)
    if not may_hold_secret(text):
        return text
    left, kinds = _by_rules(text)
    if found is not None:
        found.update(kinds)
    return left


def _by_lines(text: str, found: Counter[str] | None) -> str:
    """`redact` of a long text: no rule but that of private keys and none of the marks looks beyond a line."""
    odd = odd_lines(text.encode("utf-8", "surrogatepass"))
    if not odd:
        return text
    lines, seen = text.split("\n"), Counter[str]()
    for number in odd:
        line = lines[number]
        lines[number], kinds = _by_rules_once(line) if len(line) <= _REMEMBERED_CHARS else _by_rules(line)
        seen.update(kinds)
    if not seen or not may_hold_secret(text):
        return text
    if found is not None:
        found.update(seen)
    return "\n".join(lines)


def _by_rules(text: str) -> tuple[str, tuple[str, ...]]:
    """(a text without what the rules find in it, the kind of each secret)."""
    seen: list[str] = []
    for rule in RULES:
        text = _without(rule, text, seen)
    return (BASE64.sub(lambda run: _drawn(run, seen), text) if _has_long_run(text) else text), tuple(seen)


_by_rules_once = lru_cache(maxsize=2_048)(_by_rules)


def secrets_warning(found: Counter[str]) -> str:
    """The sentence that tells how many secrets a file held; empty when it held none.

    >>> secrets_warning(Counter({"github-token": 2, "jwt": 1}))
    '3 secrets redacted: github-token 2, jwt 1'
    """
    if not found:
        return ""
    total = found.total()
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(found.items()))
    return f"{total} secret{'s' if total > 1 else ''} redacted: {kinds}"


def may_hold_secret(text: str) -> bool:
    """Whether a text needs a closer look; most names do not.

    >>> may_hold_secret("test_refresh_token"), may_hold_secret("token=abc")
    (False, True)
    """
    size = len(text)
    if size < _SHORTEST:
        return False
    if (":" in text or "=" in text or "--" in text or "</" in text) and _has_key(text):
        return True
    if size < _SHORTEST_TOKEN:
        return False
    if text.islower():  # every token drawn from 62 characters has capitals
        return "earer " in text or "dop_v1_" in text or "shp" in text or "rubygems_" in text
    if "eyJ" in text or "earer " in text or "asic " in text or "AKIA" in text or "ASIA" in text or "AIza" in text:
        return True
    if ("_" in text and _has_underscored(text)) or ("-" in text and _has_hyphenated(text)):
        return True
    return ("." in text and ("SG." in text or "hvs." in text or "ya29." in text)) or _has_long_run(text)


def _has_long_run(text: str) -> bool:
    """Whether a text holds base64 long enough to be a key."""
    return len(text) >= SHORTEST_BASE64 and _DIGIT.search(text) is not None and _LONG_RUN.match(text) is not None


def _has_key(text: str) -> bool:
    """Whether one of the keys stands in a text, or a URL that may have a user or a query."""
    if "://" in text and ("@" in text or "?" in text or "hooks." in text):
        return True
    lower = text.lower()
    return (
        "passw" in lower
        or "token" in lower
        or "key" in lower
        or "secret" in lower
        or "pwd" in lower
        or "credential" in lower
        or "authoriz" in lower
        or "passphrase" in lower
        or "oracle:thin:" in lower
    )


def _has_underscored(text: str) -> bool:
    """Whether there is the prefix of a token with an underscore in it."""
    return (
        "ghp_" in text
        or "gho_" in text
        or "ghs_" in text
        or "ghu_" in text
        or "ghr_" in text
        or "_pat_" in text
        or "k_live_" in text
        or "k_test_" in text
        or "npm_" in text
        or "dop_v1_" in text
        or "shp" in text
        or "glsa_" in text
        or "rubygems_" in text
    )


def _has_hyphenated(text: str) -> bool:
    """Whether there is the prefix of a token with a hyphen in it."""
    return (
        "xox" in text
        or "xapp-" in text
        or "sk-" in text
        or "gl" in text
        or "GOCSPX-" in text
        or "pypi-" in text
        or "-----BEGIN" in text
    )


def _without(rule: Rule, text: str, found: list[str]) -> str:
    """A text without the secrets of one rule."""
    places = _places(rule, text)
    if not places:
        return text
    mark = f"[redacted {rule.kind}]"
    pieces: list[str] = []
    kept = done = 0
    for place in places:
        match = rule.pattern.match(text, place) if place >= done else None
        if match is None or _is_in_mark(text, place):
            continue
        start, secret = match.start("secret"), match["secret"]
        if rule.is_secret is not None and not rule.is_secret(match):
            done = start if len(secret) < _LOOKED_AT_TWICE else match.end()
            continue
        done = match.end()
        pieces += text[kept:start], mark
        kept = start + len(secret.rstrip(_AFTER) or secret)
        found.append(rule.kind)
    return "".join((*pieces, text[kept:]))


def _is_in_mark(text: str, place: int) -> bool:
    """Whether a place is inside a mark that stands there already."""
    start = text.rfind("[redacted ", max(0, place - _LONGEST_MARK), place)
    return start >= 0 and text.find("]", start, place) < 0


def _places(rule: Rule, text: str) -> list[int]:
    """Where the fixed parts of a rule stand, in order."""
    searched = text.translate(_LOWER) if rule.ignores_case else text
    places = []
    for needle in rule.needles:
        at = searched.find(needle)
        while at >= 0:
            places.append(at)
            at = searched.find(needle, at + len(needle))
    return sorted(places)


def _drawn(run: re.Match[str], found: list[str]) -> str:
    if not is_drawn(run):
        return run[0]
    found.append("base64")
    return "[redacted base64]"
