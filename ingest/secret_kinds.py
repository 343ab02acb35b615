"""The kinds of secrets: what gives one away, and what only looks like one.

A secret is known by its own form (the prefix of a token, base64 that looks drawn at random) or by its neighbour (a
header, the key of a password, the host behind the user of a URL). Hashes, UUIDs, paths, words, program code, templates
and pictures are none. Kinds are part of stored names and signatures: none is ever renamed.

Patterns are tried where a needle stands and nowhere else. They are linear: bounded or possessive repeats only.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

SHORTEST_BASE64 = 40


class Rule(NamedTuple):
    """One kind of secret; the group `secret` of the pattern is what is taken out."""

    kind: str
    needles: tuple[str, ...]
    """Fixed texts with which the pattern begins."""
    pattern: re.Pattern[str]
    is_secret: Callable[[re.Match[str]], bool] | None = None
    ignores_case: bool = False
    """The needles are lower case and found in any."""
    also: str = ""
    """Stands beside the needle in every line with a secret."""


# ---------------------------------------------------------------- is it one?
_DIGIT = re.compile(r"[0-9]")
_WORDS = re.compile(r"(?:[._/-]{0,2}+[A-Z]?[a-z]++)*+\.?|[A-Z_]*+")
"""Words of prose and of code: `notFound`, `user.name`, `DB_PASSWORD`."""
_NO_SECRET = frozenset(
    ("", "null", "none", "nil", "true", "false", "undefined", "string", "str", "int", "bool", "boolean", "number",
     "object", "bytes", "required", "missing", "invalid", "empty", "expected", "unknown", "incorrect", "wrong",
     "optional", "redacted", "hidden", "masked", "filtered", "secret", "password", "token", "username", "value",
     "any", "self", "return", "must", "does", "cannot", "should", "with", "from")
)  # fmt: skip
_CODE = re.compile(r"(?:self|this|args?|opts?|options|os|process|conf(?:ig)?|settings|env|ctx|request|System)\b[.\[]")
_TEMPLATE = re.compile(r"\$[A-Za-z_{(]|%[sdr(]|\{|#\{|<|\[redacted\b")
_PATH = re.compile(r"~?/[\w.-]+/|\.{1,2}/|[A-Za-z]:\\")
_OPTION = re.compile(r"(?<![\w-])--[\w-]{0,30}\Z")
_KEY_BEFORE = re.compile(r"(?:api|access|account|private|secret|signing|encryption|master|auth)[_ -]?\Z", re.I)
_NO_TOKEN_BEFORE = (
    "unexpected ", "invalid ", "illegal ", "expected ", "unknown ", "next ", "last ", "bad ", "parse ", "publickey",
)  # fmt: skip
_PICTURES_AND_NAMES = (
    "iVBORw0KGgo", "/9j/", "R0lGOD", "PHN2Zy", "UklGR", "JVBER", "UEsDB", "H4sI", "AAABAA", "PD94bWw", "AAAA",
    "_Z", "ZN", "_R", "_T",
)  # fmt: skip
"""How base64 of PNG, JPEG, GIF, SVG, WebP, PDF, zip, gzip, icons, XML and zeros begins; names that compilers make."""
_HASH_BEFORE = re.compile(
    r"(?:base64,|(?:sha(?:1|224|256|384|512)|md5|h1|blake2b|blake3|digest|etag)(?:[-:=]|%3A)\"?)\Z", re.I
)
_HASH_START = re.compile(r"sha(?:1|224|256|384|512)[-/]")
_HEX_RUN = re.compile(r"[0-9a-f]{8,}+|[0-9A-F]{12,}+")
_SAMPLE = 512


def _before(match: re.Match[str], size: int) -> str:
    return match.string[max(0, match.start() - size) : match.start()]


def _is_masked(value: str) -> bool:
    """Whether someone has masked it before us: `****`, `xxxxx`, `...`."""
    return not set(value.lower()) - set("*x.-_#•…?")


def _is_mixed(value: str) -> bool:
    """Whether a value mixes kinds of characters as neither words nor numbers do."""
    return _WORDS.fullmatch(value) is None and not value.isdigit()


def _is_text(value: str) -> bool:
    """Whether a value stands for another one, or for none: a template, a path, code, a mask, a word of the sentence."""
    return (
        value.lower().rstrip("!.") in _NO_SECRET
        or _TEMPLATE.match(value) is not None
        or _CODE.match(value) is not None
        or _PATH.match(value) is not None
        or "(" in value
        or "[" in value
        or _is_masked(value)
    )


def _is_value(match: re.Match[str]) -> bool:
    """Whether what stands behind a key is a secret."""
    key, value, before = match["key"].lower(), match["secret"].rstrip("),.]}:"), _before(match, 33)
    if _is_text(value) or (key in value.lower() and not _is_mixed(value)):
        return False
    if match["sep"] is None:
        return _OPTION.search(before) is not None and _is_mixed(value)
    if key == "key" and _KEY_BEFORE.search(before) is None:
        return False
    if key in ("token", "key"):
        return not before.lower().endswith(_NO_TOKEN_BEFORE) and len(value) >= 8 and _is_mixed(value)
    is_tight = match["sep"] == "=" or match["quote"] is not None
    return is_tight or _is_mixed(value) or value.isdigit()


def _is_bearer(match: re.Match[str]) -> bool:
    value = match["secret"]
    return _DIGIT.search(value) is not None or (len(value) >= 24 and _is_mixed(value))


def _is_header(match: re.Match[str]) -> bool:
    value = match["secret"]
    return not _is_text(value) and (match["scheme"] is not None or _is_mixed(value))


def _is_basic(match: re.Match[str]) -> bool:
    """Whether it decodes to a user and a password."""
    try:
        return b":" in b64decode(match["secret"], validate=True)
    except (binascii.Error, ValueError):
        return False


def _is_user(match: re.Match[str]) -> bool:
    """Whether the user part of a URL has a password or is a key itself."""
    user, colon, password = match["secret"].partition(":")
    if not colon:
        return len(user) >= 20 and _DIGIT.search(user) is not None and "." not in user
    return bool(password) and not _is_masked(password) and _TEMPLATE.match(password) is None


def is_drawn(match: re.Match[str]) -> bool:
    """Whether base64 looks drawn at random: kinds of characters change far more often than in names and paths."""
    value = match[0].rstrip("=")
    if value.startswith(_PICTURES_AND_NAMES) or _HASH_START.match(value) or _HASH_BEFORE.search(_before(match, 16)):
        return False
    sample = _HEX_RUN.sub("", value[:_SAMPLE])
    kinds = "".join("0" if c.isdigit() else "a" if c.islower() else "A" if c.isupper() else "+" for c in sample)
    if len(kinds) < SHORTEST_BASE64 // 2 or not {"0", "a", "A"} <= set(kinds) or kinds.count("+") > len(kinds) // 8:
        return False
    changes = sum(1 for here, there in pairwise(kinds) if here != there and (here, there) != ("A", "a"))
    return changes >= 0.31 * len(kinds) and len(set(sample)) >= 16


# ---------------------------------------------------------------- the kinds
def _token(kind: str, needles: str, pattern: str, also: str = "") -> Rule:
    """A token that is known by its prefix."""
    searched = re.compile(rf"(?<![A-Za-z0-9])(?P<secret>{pattern})", re.ASCII)
    return Rule(kind, tuple(needles.split()), searched, also=also)


RULES = (
    Rule(
        "private-key",
        ("-----BEGIN ",),
        re.compile(
            r"(?P<secret>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:"
            r"(?:[^-]|-(?!----))*+-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
            r"|(?:\s|\\[nr])*+[A-Za-z0-9+/=]{16,}+(?:[A-Za-z0-9+/=\s]|\\[nr])*+))"
        ),
    ),
    _token("jwt", "eyJ", r"eyJ[\w-]{10,}+\.[\w-]{8,}+(?:\.[\w-]++){0,3}"),
    _token(
        "github-token",
        "ghp_ gho_ ghs_ ghu_ ghr_ github_pat_",
        r"gh[oprsu]_[A-Za-z0-9]{20,}+|github_pat_[A-Za-z0-9_]{22,}+",
        also="_",
    ),
    _token(
        "gitlab-token",
        "glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glagent- gloas- glimt-",
        r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|oas|imt)-[\w-]{20,}+",
        also="gl",
    ),
    _token("aws-key", "AKIA ASIA", r"A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _token("google-key", "AIza ya29. GOCSPX-", r"AIza[\w-]{35}|ya29\.[\w-]{20,}+|GOCSPX-[\w-]{28}"),
    _token("slack-token", "xox xapp-", r"xox[a-z](?:\.xox[a-z])?-[\w-]{10,}+|xapp-[\w-]{20,}+"),
    Rule("slack-token", ("hooks.slack.com/",), re.compile(r"hooks\.slack\.com/services/(?P<secret>[\w/]{20,}+)")),
    _token(
        "api-token",
        "sk_live_ sk_test_ rk_live_ rk_test_ sk- npm_ pypi- dop_v1_ shpat_ shpca_ shppa_ shpss_ SG. hvs. dckr_pat_"
        " rubygems_ glsa_",
        r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}+|sk-(?:ant|proj|svcacct|admin|or)-[\w-]{20,}+|sk-[A-Za-z0-9]{32,}+"
        r"|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,}+|dop_v1_[0-9a-f]{64}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"
        r"|SG\.[\w-]{16,32}\.[\w-]{16,64}|hvs\.[\w-]{24,}+|dckr_pat_[\w-]{20,}+|rubygems_[0-9a-f]{48}|glsa_\w{32,}+",
    ),
    Rule(
        "url-password",
        ("://", "oracle:thin:"),
        re.compile(r"(?:://|oracle:thin:)(?P<secret>[^\s/\"'<>?#@]{1,300}+(?:@[^\s/\"'<>?#@]{1,100}+)?(?=@))"),
        _is_user,
        also="@",
    ),
    Rule(
        "signed-url",
        ("sig=", "signature=", "security-token=", "credential=", "key=", "code=", "auth="),
        re.compile(
            r"(?:(?<=[?&;])|(?<=[?&;]x-amz-)|(?<=[?&;]x-goog-))"
            r"(?:sig|signature|security-token|credential|key|code|auth)=(?P<secret>[^\s&\"'<>#;\[]{16,2000})",
            re.I,
        ),
        ignores_case=True,
    ),
    Rule(
        "authorization",
        ("authorization",),
        re.compile(
            r"authorization[\"'\]\\]{0,3}[ \t]{0,3}[:=]>?[ \t]{0,3}\\?[\"'\[]{0,2}"
            r"(?:(?P<scheme>bearer|basic|token|digest|negotiate|apikey)[ \t]{1,3})?"
            r"(?P<secret>[^\s\"'<>;,\\\]\[]{6,4000})",
            re.I,
        ),
        _is_header,
        ignores_case=True,
    ),
    Rule("bearer", ("earer ",), re.compile(r"earer[ \t]{1,3}(?P<secret>[\w.~+/-]{8,4000}={0,2})"), _is_bearer),
    Rule("basic", ("asic ",), re.compile(r"asic[ \t]{1,3}(?P<secret>[A-Za-z0-9+/]{8,400}={0,2})"), _is_basic),
    Rule(
        "credential",
        ("passw", "passphrase", "pwd", "secret", "token", "credential", "key"),
        re.compile(
            r"(?P<key>passw(?:or)?d|passphrase|pwd|secret(?:[_-]?(?:access[_-]?)?key)?|token|credentials?|key)"
            r"(?:[_-](?:base|confirmation|hash|value))?(?:[\"'\]]|\\[\"']){0,2}"
            r"(?:[ \t]{0,3}(?P<sep>=>|:=|=(?!=)|:(?![:/])|>(?=[^<>\s]{4,200}</))[ \t]{0,3}|[ \t]{1,3})"
            r"(?:\\?(?P<quote>[\"']))?"
            r"(?P<secret>(?(quote)[^\"'\\\n]{3,}+|(?:[^\s\"'<>;&,\\]|,(?!\s|[\w.-]{1,40}=)){3,}+))",
            re.I,
        ),
        _is_value,
        ignores_case=True,
    ),
)
"""In this order: what an earlier rule took is not looked at by a later one."""
BASE64 = re.compile(r"(?<![\w+/$-])[\w+/-]{40,}+={0,2}(?![\w$])", re.ASCII)
"""Without needles; see `is_drawn`."""
