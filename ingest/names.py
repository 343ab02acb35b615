"""The identity form of a test's name: what changes from run to run in a parametrised name is replaced by a word.

The raw name is kept elsewhere; this form is what makes `test_get[127.0.0.1:54321]` of today and of yesterday one test.

Replaced anywhere in a name, because nobody writes them by hand:

- a UUID: `<uuid>`;
- a memory address: `<address>`: `0x` and nine or more hex digits, or six or more after `at `. Shorter ones are error
  codes and masks, such as `0x80070005`, which tell tests apart;
- an ISO date with a time of day: `<time>`. A date alone stays: it is test data.

Replaced only among the parameters, which begin at the first `[`, `(`, `{`, double quote, backquote or ` with `:

- the port of an IPv4 address, of `localhost`, of a bracketed IPv6 address or of a URL's host: `<port>`; before a port,
  an IPv4 address of a private network too, since containers get another in each run: `<address>:<port>`;
- epoch seconds or milliseconds between 2014 and 2033: `<time>`.

Any other number stays. Idempotent. A name without anything volatile is returned as it is after a few substring tests.
"""

from __future__ import annotations

import re

_ANYWHERE = re.compile(
    r"(?P<uuid>(?<![0-9A-Za-z])[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(?![0-9A-Za-z]))"
    r"|(?P<address>(?<![0-9A-Za-z])0x[0-9a-fA-F]{9,16}(?![0-9A-Za-z])|(?<=\bat )0x[0-9a-fA-F]{6,8}(?![0-9A-Za-z]))"
    r"|(?P<time>(?<![0-9])[12][0-9]{3}-[01][0-9]-[0-3][0-9][T ][0-2][0-9][:_-]?[0-5][0-9](?:[:_-]?[0-6][0-9]"
    r"(?:[.,][0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?(?![0-9]))"
)
PARAMETERS = re.compile(r"[\[({\"`]| with ")
"""Where the parameters of a name begin."""
_AMONG_PARAMETERS = re.compile(
    r"(?P<time>(?<![0-9A-Za-z.])1[4-9][0-9]{8}(?:[0-9]{3})?(?![0-9A-Za-z]))"
    r"|(?P<host>(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}|\blocalhost|\[[0-9a-fA-F:.%]{2,45}\]|://[0-9A-Za-z._-]{1,80}):"
    r"(?P<port>[0-9]{1,5})(?![0-9A-Za-z])"
)

_PRIVATE = re.compile(r"10\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\.")


def normalise_name(name: str) -> str:
    """The name with its volatile parts replaced, see the rule above.

    >>> normalise_name("test_get[127.0.0.1:54321-1f0e4c8a-7a70-4bdb-9d2f-0e5a3c3b1a11]")
    'test_get[127.0.0.1:<port>-<uuid>]'
    >>> normalise_name("test_repr[<Foo object at 0x7f8b1c0d2e50>]"), normalise_name("handles 1700000000 items")
    ('test_repr[<Foo object at <address>>]', 'handles 1700000000 items')
    """
    if ":" not in name and "-" not in name and "0x" not in name and "1" not in name:
        return name
    while True:
        changed = _replaced(name)
        if changed == name:
            return name
        name = changed


def _replaced(name: str) -> str:
    if "-" in name or "0x" in name:
        name = _ANYWHERE.sub(_word, name)
    start = PARAMETERS.search(name)
    if start is None:
        return name
    return name[: start.start()] + _AMONG_PARAMETERS.sub(_word, name[start.start() :])


def _word(match: re.Match[str]) -> str:
    host = match.groupdict().get("host")
    if host is None:
        return f"<{match.lastgroup}>"
    return "<address>:<port>" if _PRIVATE.match(host) else f"{host}:<port>"
