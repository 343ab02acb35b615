"""The history of a repository -> commits, to be attached to deploys, and changes of the tests.

Reads what this command prints; entries end in NUL, so that no file name can pass for a commit:

    git log -z --no-renames --numstat --format='commit %H%x00%P%x00%ct%x00%aN%x00%s'

Every commit is handed over as merged. A commit that touches nothing but test code is also a change, `git:SHA`, with
target `test`: it reaches the tests without a deploy. Any other commit is no suspect of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ingest.changes.batch import BatchBuilder, ChangeBatch, Merged
from ingest.changes.commits import commit_change
from ingest.changes.fields import moment
from ingest.errors import NotKnown, Refused
from ingest.limits import Limits
from ingest.model import ChangeTarget, Commit
from ingest.titles import change_target

LOG_FORMAT = "commit %H%x00%P%x00%ct%x00%aN%x00%s"
_HEADER = re.compile(rb"commit ([0-9a-f]{40}|[0-9a-f]{64})")
_NUMSTAT = re.compile(rb"\n?(\d+|-)\t(\d+|-)\t(.+)", re.DOTALL)
_START = re.compile(rb"commit (?:[0-9a-f]{40}|[0-9a-f]{64})\0")
_FIELDS = 4
_NUMSTAT_START = re.compile(rb"\n?(?:\d{1,9}|-)\t(?:\d{1,9}|-)\t")
_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.attributesFile=/dev/null",
    "log.showSignature=false",
    "log.mailmap=false",
    "diff.renames=false",
    "protocol.allow=never",
    "submodule.recurse=false",
)
"""Whatever a strange repository's own settings could run or fetch is off."""


class _Entry(NamedTuple):
    """One commit as it is printed."""

    commit: Commit
    additions: int
    deletions: int


def read(data: bytes, limits: Limits, repository: str | None = None) -> ChangeBatch:
    """Commits and changes of a printed history.

    Args:
        repository: whose history it is, as other feeds name it.

    Raises:
        Refused: `too-large`, or no commit can be read.
        NotKnown: it is not the output of the documented command.
    """
    if len(data) > limits.document_bytes:
        raise Refused("too-large", "the history is larger than limits.document_bytes: raise it or print less history")
    if not claims(data):
        raise NotKnown("no history: print it as `git log -z` with the documented format")
    builder = BatchBuilder()
    for entry in _entries(data, builder):
        builder.merge(Merged(entry.commit, repository))
        if entry.commit.at_ms is not None and change_target(entry.commit.files) is ChangeTarget.TEST:
            builder.change(
                commit_change(entry.commit, repository=repository, additions=entry.additions, deletions=entry.deletions)
            )
    if builder.is_empty:
        raise Refused("schema", f"no commit can be read: {builder.first_warning}")
    return builder.build()


def claims(data: bytes) -> bool:
    """Whether the bytes start as the documented command's output does."""
    return _START.match(data) is not None


def read_repository(
    path: Path,
    *,
    limits: Limits | None = None,
    repository: str | None = None,
    revision: str = "HEAD",
    since: str = "",
    most_commits: int = 5_000,
    timeout_s: float = 60.0,
) -> ChangeBatch:
    """The history of a local repository: runs git, the only place of this package that starts a process.

    Nothing of the repository is run: no pager, hook, file monitor, text converter, signature check or fetch.

    Raises:
        Refused: `git-missing`, `git-timeout` or `git-failed`, with what git said; else as `read`.
    """
    if revision.startswith("-"):
        raise Refused("git-failed", "a revision cannot start with a dash")
    allowed = limits or Limits()
    printed = _run_git(_command(path, revision, since, most_commits), timeout_s, allowed)
    if not printed:
        return ChangeBatch(warnings=("the repository has no commits in this range",))
    return read(printed, allowed, repository)


def _command(path: Path, revision: str, since: str, most_commits: int) -> list[str]:
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    head = ["git", "--no-pager", "--no-replace-objects", "--literal-pathspecs", *settings, "-C", os.fspath(path), "log"]
    options = ["-z", "--no-renames", "--numstat", "--no-ext-diff", "--no-textconv", "--no-show-signature", "--no-color"]
    bounds = [f"--max-count={most_commits}", *([f"--since={since}"] if since else [])]
    return [*head, *options, f"--format={LOG_FORMAT}", *bounds, "--end-of-options", revision, "--"]


def _run_git(command: list[str], timeout_s: float, limits: Limits) -> bytes:
    """What git prints; it goes to a file first, so that a huge history does not fill the memory."""
    try:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=_environment(os.environ),
                timeout=timeout_s,
                check=False,
            )
            err.seek(0)
            said = ascii(err.read(500).decode("utf-8", "replace").strip())
            if done.returncode != 0:
                raise Refused("git-failed", f"git log: {said}")
            out.seek(0)
            return out.read(limits.document_bytes + 1)
    except FileNotFoundError:
        raise Refused("git-missing", "git is not installed; install it or give its output as a file") from None
    except subprocess.TimeoutExpired:
        raise Refused("git-timeout", f"git log took longer than {timeout_s:.0f} s; ask for less history") from None
    except (OSError, ValueError) as error:
        raise Refused("git-failed", f"git cannot be run: {str(error)!a}") from None


def _environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Environment of git: nothing inherited but the search path, nobody's settings, nothing asked or fetched."""
    return {
        "PATH": inherited.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_PAGER": "cat",
    }


def _entries(data: bytes, builder: BatchBuilder) -> Iterator[_Entry]:
    """Commits one by one; what does not fit is skipped up to the next commit, with a warning."""
    tokens = data.split(b"\0")
    position = 0
    while position < len(tokens):
        header = _HEADER.fullmatch(tokens[position].removeprefix(b"\n"))
        if header is None or position + _FIELDS >= len(tokens):
            if tokens[position].strip():
                builder.warn("the history has parts that are no commit; was it cut or printed otherwise?")
            position += 1
            continue
        fields = [_text(token) for token in tokens[position + 1 : position + 1 + _FIELDS]]
        position += 1 + _FIELDS
        start = position
        while position < len(tokens) and _NUMSTAT_START.match(tokens[position]):
            position += 1
        yield _entry(_text(header[1]), fields, tokens[start:position])


def _entry(sha: str, fields: list[str], stats: list[bytes]) -> _Entry:
    _, seconds, author, title = fields
    at = moment(seconds)
    files, added, deleted = [], 0, 0
    for stat in stats:
        if (found := _NUMSTAT.fullmatch(stat)) is None:
            continue
        added += int(found[1]) if found[1] != b"-" else 0
        deleted += int(found[2]) if found[2] != b"-" else 0
        files.append(_text(found[3]))
    commit = Commit(sha, title, author, at_ms=at.ms if at else None, files=tuple(dict.fromkeys(files)))
    return _Entry(commit, added, deleted)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
