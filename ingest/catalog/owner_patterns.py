"""A path pattern of a CODEOWNERS file -> what can be matched and looked up.

GitHub matches like gitignore: a pattern without an inner slash is found anywhere, a matched directory owns all that is
below it, `dir/*` does not. GitLab matches with Ruby's `File.fnmatch(FNM_PATHNAME | FNM_DOTMATCH)`: a pattern without a
leading slash is found anywhere, only a trailing slash owns what is below, `[a-z]` is a range.

Sources: docs.github.com "About code owners"; git-scm.com/docs/gitignore; docs.gitlab.com/user/project/codeowners,
pages reference ("Path matching") and advanced ("Pattern matching").

The regular expressions use atomic groups: a star takes the first place where what follows it fits, which is all that is
needed before another star, so that no pattern takes more than quadratic time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

GITHUB = "github"
GITLAB = "gitlab"
_NEVER = "(?!)"
_ANY_DIRECTORIES = "(?:[^/]*/)*"


@dataclass(slots=True)
class PathPattern:
    """One pattern, taken apart; its regular expression is only compiled when a path may match it."""

    segments: tuple[str, ...]
    """Without empty ends; `**` stands for any number of directories, a leading one for "anywhere"."""
    dialect: str
    is_directory: bool = False
    """Owns what is below the last segment, not the last segment itself."""
    _compiled: re.Pattern[str] | None = field(default=None, repr=False)

    def matches(self, path: str) -> bool:
        """Whether the pattern matches a path given without a leading slash."""
        if self._compiled is None:
            self._compiled = re.compile(_expression(self), re.DOTALL)
        return self._compiled.match(path) is not None

    def literal_prefix(self) -> str:
        """The directories or file, from the root, that every matching path starts with."""
        leading: list[str] = []
        for segment in self.segments:
            if (literal := literal_of(segment, self.dialect)) is None:
                break
            leading.append(literal)
        return "/".join(leading)

    def literal_segment(self) -> str | None:
        """A directory or file name that every matching path contains."""
        for segment in reversed(self.segments):
            if (literal := literal_of(segment, self.dialect)) is not None:
                return literal
        return None

    def extension(self) -> str | None:
        """The extension, with its dot, that some segment of every matching path ends in."""
        for segment in reversed(self.segments):
            tail = segment.rpartition("*")[2]
            if "." in tail and literal_of(tail, self.dialect) == tail:
                return tail[tail.rindex(".") :]
        return None


def github_pattern(written: str) -> PathPattern:
    """A pattern of GitHub's dialect.

    >>> github_pattern("docs/*").matches("docs/a.md"), github_pattern("docs/*").matches("docs/api/a.md")
    (True, False)
    """
    if written == "/":
        return PathPattern(("",), GITHUB)  # as in gitignore, it matches nothing
    segments = written.split("/")
    is_directory = len(segments) > 1 and segments[-1] == ""
    if is_directory:
        segments.pop()
    if segments[0] == "":
        segments.pop(0)
    elif len(segments) == 1 and segments[0] != "**":
        segments.insert(0, "**")
    return PathPattern(tuple(segments), GITHUB, is_directory)


def gitlab_pattern(written: str) -> PathPattern:
    """A pattern of GitLab's dialect; equal ones are one entry of a section.

    >>> gitlab_pattern("docs").matches("docs/a.md"), gitlab_pattern("docs/").matches("docs/a.md")
    (False, True)
    """
    if written == "*":
        return PathPattern(("**", "*"), GITLAB)
    pattern = written[1:] if written.startswith("\\#") else written
    pattern = re.sub(r"\\\s+", " ", pattern)
    pattern = pattern if pattern.startswith("/") else f"/**/{pattern}"
    pattern = f"{pattern}**/*" if pattern.endswith("/") else pattern
    return PathPattern(tuple(pattern[1:].split("/")), GITLAB)


def literal_of(segment: str, dialect: str) -> str | None:
    """A segment without its escapes; None where it has a wildcard."""
    out: list[str] = []
    characters = iter(segment)
    for character in characters:
        if character in "*?" or (character == "[" and dialect == GITLAB):
            return None
        out.append(next(characters, "\\") if character == "\\" else character)
    return "".join(out)


def _expression(pattern: PathPattern) -> str:
    """The whole regular expression: runs of fixed segments, between them any number of directories."""
    segments = list(pattern.segments)
    is_below = pattern.is_directory
    if pattern.dialect == GITHUB and segments and segments[-1] == "**":
        segments.pop()
        is_below = True
    out, run = [], ""
    is_floating = False
    for position, segment in enumerate(segments):
        is_last = position == len(segments) - 1
        if segment == "**" and not is_last:
            out.append(f"(?>{_ANY_DIRECTORIES}?{run})" if is_floating and run else run)
            run, is_floating = "", True
            continue
        run += _segment_expression(segment, pattern.dialect) + ("" if is_last else "/")
    if is_floating:
        out.append(_ANY_DIRECTORIES)
    return "".join(out) + run + _end(segments, is_below, pattern.dialect) + r"\Z"


def _end(segments: list[str], is_below: bool, dialect: str) -> str:
    """What may follow the last segment."""
    if is_below:
        return "/.*" if segments else ".*"
    if dialect == GITLAB or segments[-1:] == ["*"]:
        return ""
    return "(?:/.*)?" if segments != [""] else ""


def _segment_expression(segment: str, dialect: str) -> str:
    """One segment; every star but the last takes the first place that fits."""
    pieces = _pieces(segment, dialect)
    if _NEVER in pieces:
        return _NEVER
    if len(pieces) == 1:
        return pieces[0]
    first, *middle, last = pieces
    if not (first or middle or last):
        return "[^/]+" if dialect == GITHUB else "[^/]*"
    return first + "".join(f"(?>[^/]*?{piece})" for piece in middle if piece) + rf"[^/]*{last}(?=/|\Z)"


def _pieces(segment: str, dialect: str) -> list[str]:
    """Regular expressions of the fixed-length pieces between the stars of a segment."""
    pieces = [""]
    position = 0
    while position < len(segment):
        character = segment[position]
        position += 1
        if character == "*":
            pieces.append("")
        elif character == "?":
            pieces[-1] += "[^/]"
        elif character == "[" and dialect == GITLAB:
            expression, position = _bracket(segment, position)
            pieces[-1] += expression
            if expression == _NEVER:
                return [_NEVER]
        elif character == "\\" and position < len(segment):
            pieces[-1] += re.escape(segment[position])
            position += 1
        else:
            pieces[-1] += re.escape(character)
    return pieces


def _bracket(segment: str, position: int) -> tuple[str, int]:
    """A set of characters as Ruby reads it, and the position behind it; one that is not closed matches nothing."""
    is_negated = segment[position : position + 1] in ("!", "^")
    position += is_negated
    ranges: list[str] = []
    while position < len(segment) and segment[position] != "]":
        low, position = _set_character(segment, position)
        high = low
        if segment[position : position + 1] == "-" and segment[position + 1 : position + 2] not in ("", "]"):
            high, position = _set_character(segment, position + 1)
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
    if position >= len(segment) or not (ranges or is_negated):
        return _NEVER, position + 1
    return f"[{'^/' if is_negated else ''}{''.join(ranges)}]", position + 1


def _set_character(segment: str, position: int) -> tuple[str, int]:
    if segment[position] == "\\" and position + 1 < len(segment):
        position += 1
    return segment[position], position + 1
