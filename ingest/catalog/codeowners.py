"""CODEOWNERS files of GitHub and GitLab -> rules, and the owners of paths.

The two dialects differ in more than sections: see `owner_patterns` for paths and `owner_matching` for who wins. Read
from docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/
about-code-owners and docs.gitlab.com/user/project/codeowners/reference and /advanced.

Where the documents are silent: in GitHub's dialect a `#` after white space starts a comment and one inside a word is
part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ingest.catalog.class_paths import path_of_class
from ingest.catalog.owner_matching import OwnerMatcher, matcher_of, owners_of, owners_of_class
from ingest.catalog.owner_patterns import GITHUB, GITLAB, gitlab_pattern
from ingest.changes.json_text import as_text
from ingest.errors import Refused
from ingest.limits import Limits
from ingest.model import OwnerFile, OwnerRule

__all__ = [
    "GITHUB",
    "GITLAB",
    "OwnerMatcher",
    "dialect_of",
    "matcher_of",
    "owners_of",
    "owners_of_class",
    "parse",
    "path_of_class",
    "read",
]

_GITHUB_MOST_BYTES = 3 * 1024 * 1024
_MOST_BYTES = 16 * 1024 * 1024
_MOST_WARNINGS = 100
_PATTERN_END = re.compile(r"(?<!\\)\s+")
_GITHUB_OWNER = re.compile(
    r"@[A-Za-z0-9](?:[A-Za-z0-9_-]*)(?:/[A-Za-z0-9_.-]+)?|[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)*\.[A-Za-z]{2,}"
)
_SECTION = re.compile(r"(?P<optional>\^)?\[(?P<name>.*?)\](?:\[(?P<approvals>\d*)\])?(?P<owners>\s+[@\w_.\-/\s]*)?")
_SECTION_LINE = re.compile(r"\s*\^?\[[^\]\n]+\](?:\[\d*\])?(?:\s[@\w.\-/\s]*)?")
_GITLAB_ROLE = re.compile(r"@@(?:developer|maintainer|owner)s?", re.IGNORECASE)
_GITLAB_NAME = re.compile(r"(?<![\w@])@[A-Za-z0-9_.][\w\-.]*(?:/[A-Za-z0-9_.][\w\-.]*)*", re.ASCII)
_GITLAB_EMAIL = re.compile(r"[^@\s]{1,100}@[^@\s]{1,255}(?<!\W)")
_DEFAULT_SECTION = "codeowners"


def read(data: bytes, path: str, limits: Limits) -> OwnerFile:
    """The rules of a CODEOWNERS file, its dialect taken from its path and content.

    An empty file is fine: nothing is owned.

    Raises:
        Refused: `too-large` or `encoding`.
    """
    if len(data) > _MOST_BYTES:
        raise Refused("too-large", "larger than 16 MB, which neither host would load; is it a CODEOWNERS file?")
    text = as_text(data, limits) if data.strip() else ""
    return parse(text, dialect_of(path, text))


def parse(text: str, dialect: str = GITHUB) -> OwnerFile:
    """The rules of a CODEOWNERS file, in its order; lines that the host ignores become warnings with their number.

    >>> parse("*.js @js-owner #inline").rules[0].owners
    ('@js-owner',)
    """
    reader = _gitlab_rules if dialect == GITLAB else _github_rules
    rules: list[OwnerRule] = []
    warnings: list[str] = []
    for found in reader(text):
        if isinstance(found, OwnerRule):
            rules.append(found)
        else:
            warnings.append(found)
    if dialect != GITLAB and len(text) > _GITHUB_MOST_BYTES:
        warnings.insert(0, "larger than 3 MB: GitHub itself does not load this file")
    if len(warnings) > _MOST_WARNINGS:
        warnings[_MOST_WARNINGS:] = [f"{len(warnings) - _MOST_WARNINGS} more lines with problems"]
    return OwnerFile(dialect, tuple(_with_required_sections(rules)), tuple(warnings))


def dialect_of(path: str, text: str = "") -> str:
    """Whose rules a file follows: its folder says so, else section headers are GitLab's.

    >>> dialect_of(".gitlab/CODEOWNERS"), dialect_of("CODEOWNERS", "[Docs] @writers"), dialect_of("CODEOWNERS")
    ('gitlab', 'gitlab', 'github')
    """
    folders = path.replace("\\", "/").split("/")[:-1]
    for folder in reversed(folders):
        if folder in (".gitlab", ".github"):
            return folder[1:]
    return GITLAB if any(_SECTION_LINE.fullmatch(line) for line in text.splitlines()) else GITHUB


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with a rule: number and text without surrounding white space."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        stripped = line.strip(" \t\r\f\v\0")
        if stripped and not stripped.startswith("#"):
            yield number, stripped


def _github_rules(text: str) -> Iterator[OwnerRule | str]:
    for number, line in _lines(text):
        pattern, owners = _split(line)
        written = []
        for owner in owners.split():
            if owner.startswith("#"):
                break
            written.append(owner)
        problem = _github_problem(pattern, written)
        if problem is None:
            yield OwnerRule(pattern, tuple(written), number)
        else:
            yield f"line {number}: {problem}; GitHub skips the line"


def _github_problem(pattern: str, owners: list[str]) -> str | None:
    """Why GitHub skips a line; None where it does not."""
    if pattern.startswith("\\#"):
        return "a pattern cannot start with an escaped #"
    if pattern.startswith("!"):
        return "patterns cannot be negated with !"
    if re.search(r"(?<!\\)[\[\]]", pattern):
        return "ranges of characters in [ ] are not supported"
    if "***" in pattern:
        return "three stars in a row"
    wrong = next((owner for owner in owners if not _GITHUB_OWNER.fullmatch(owner)), None)
    return None if wrong is None else f"{wrong[:100]!r} is no @user, @organisation/team or e-mail address"


def _split(line: str) -> tuple[str, str]:
    """A line's pattern, escapes kept, and what follows it."""
    end = _PATTERN_END.search(line)
    return (line, "") if end is None else (line[: end.start()], line[end.end() :])


def _gitlab_rules(text: str) -> Iterator[OwnerRule | str]:
    sections: dict[str, str] = {_DEFAULT_SECTION: ""}
    section, is_optional = "", False
    default: tuple[str, ...] = ()
    entries: dict[tuple[str, tuple[str, ...]], int] = {}
    for number, line in _lines(text):
        header = _SECTION.match(line)
        if header is not None:
            section = sections.setdefault(header["name"].casefold(), header["name"])
            is_optional = header["optional"] is not None
            default = _gitlab_owners(header["owners"] or "")
            yield from _header_problems(number, header)
            continue
        rule = _gitlab_rule(number, line, default)
        yield replace(rule, section=section, is_optional=is_optional)
        if not rule.owners and not rule.is_exclusion:
            yield f"line {number}: {rule.pattern[:100]!r} has no owners"
        key = (section, gitlab_pattern(rule.pattern).segments)
        if key in entries:
            yield f"line {number}: replaces line {entries[key]}, which has the same pattern in the same section"
        entries[key] = number


def _gitlab_rule(number: int, line: str, default: tuple[str, ...]) -> OwnerRule:
    pattern, written = _split(line)
    if pattern.startswith("!"):
        return OwnerRule(pattern[1:], (), number, is_exclusion=True)
    return OwnerRule(pattern, _gitlab_owners(written) if written else default, number)


def _header_problems(number: int, header: re.Match[str]) -> Iterator[str]:
    if not header["name"].strip():
        yield f"line {number}: the section has no name"
    if header["optional"] and int((header["approvals"] or "0")[:9]) > 0:
        yield f"line {number}: an optional section cannot require approvals"


def _gitlab_owners(written: str) -> tuple[str, ...]:
    """Roles, users, groups and e-mail addresses, as written; GitLab ignores every other word."""
    found: list[str] = []
    for word in written.split():
        if _GITLAB_ROLE.fullmatch(word):
            found.append(word)
        elif match := _GITLAB_EMAIL.search(word) or _GITLAB_NAME.search(word):
            found.append(match[0])
    return tuple(dict.fromkeys(found))


def _with_required_sections(rules: list[OwnerRule]) -> list[OwnerRule]:
    """A section is optional only when all its headers say so."""
    required = {rule.section for rule in rules if not rule.is_optional}
    return [replace(rule, is_optional=False) if rule.section in required else rule for rule in rules]
