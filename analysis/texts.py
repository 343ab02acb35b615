"""What the texts of a failure name: services, and files that a change touched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from analysis.records import FailureSample
from ingest.model import Change

_TEXT_CHARS = 64_000
_TEXTS = 50
_COMMON_FILES = frozenset(
    (
        "app",
        "build",
        "chart",
        "config",
        "dockerfile",
        "index",
        "init",
        "lib",
        "main",
        "makefile",
        "mod",
        "package",
        "pom",
        "readme",
        "types",
        "util",
        "utils",
        "values",
    )
)
_NOT_WITHIN = r"(?<![\w.$/\\-])"
_KUBERNETES = "[bcdfghjklmnpqrstvwxz2456789]"
"""Kubernetes names pods with these characters only, so that no word comes out."""
_PATH = re.compile(r"[\w./\\-]*[\w-]\.[A-Za-z]{1,6}\b")


def texts_of(samples: Sequence[FailureSample]) -> tuple[str, ...]:
    """Distinct texts of the newest samples, cut to what is worth reading."""
    newest = sorted(samples, key=lambda s: (s.run, s.signature, s.message, s.text), reverse=True)[:_TEXTS]
    return tuple(dict.fromkeys(f"{s.message[:_TEXT_CHARS]}\n{s.text[:_TEXT_CHARS]}" for s in newest))


def named_services(texts: Iterable[str], services: Iterable[str]) -> frozenset[str]:
    """Services that a text names as a host, a pod, a bracketed source or a word of their own.

    Parts of dotted names and of paths do not count: `com.acme.payments.PaymentsIT` is where a test lives.

    >>> sorted(named_services(["GET http://cart.staging.internal/v1 -> 503"], ["cart", "v1", "staging"]))
    ['cart']
    """
    joined = "\n".join(texts).lower()
    return frozenset(name for name in services if name and name.lower() in joined and _is_named(joined, name.lower()))


def _is_named(text: str, name: str) -> bool:
    """Whether a lower-case text names a service as a host, a pod or a word."""
    word = re.escape(name)
    host = rf"//{word}(?=[.:/?\s\"')]|$)"
    pod = rf"{_NOT_WITHIN}{word}(?:-{_KUBERNETES}{{4,10}}){{1,2}}(?![\w-])"
    plain = rf"{_NOT_WITHIN}{word}(?![\w/\\(-])(?!\.(?:java|kt|py|rb|go|cs|[cm]?[jt]sx?)\b)"
    return re.search(f"{host}|{pod}|{plain}", text) is not None


def files_in(texts: Iterable[str]) -> frozenset[str]:
    """Names of files that a text mentions, as written, with forward slashes."""
    return frozenset(path.replace("\\", "/") for text in texts for path in _PATH.findall(text))


def changed_file_named(change: Change, mentioned: Iterable[str]) -> str | None:
    """The first file of a change that a stack names; common names count only together with their folder."""
    names = set(mentioned)
    last_parts = {name.rsplit("/", 1)[-1] for name in names}
    for path in sorted({*change.files, *(f for commit in change.commits for f in commit.files)}):
        file = path.rsplit("/", 1)[-1]
        if file not in last_parts:
            continue
        if file.split(".", 1)[0].strip("_").lower() not in _COMMON_FILES:
            return path
        folder = "/".join(path.rsplit("/", 2)[-2:])
        if "/" in folder and any(name.endswith(folder) for name in names):
            return path
    return None
