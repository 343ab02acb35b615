"""Files and folders given as arguments, as a stream of inputs in one fixed order.

Numbers in names are compared as numbers (run 999 before run 1000). What describes a folder (`run.json`, catalogs,
CODEOWNERS) comes before the reports in it, so that one pass usually suffices; nothing depends on it. Linked folders and
links found on the way are never followed: a link's target inside the folder is read by itself, one outside is nobody's
business. Nothing found is silently dropped: what is not read is listed with its reason.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.model import FileStatus
from ingest.sources.inputs import NOT_REGULAR, STDIN, VANISHED, Input, Skip, raw_text

_DIGITS = re.compile(r"([0-9]+)")
_UNFINISHED_SUFFIXES = (".tmp", ".part", ".partial", ".crdownload", ".swp", "~")
_OWNER_FOLDERS = frozenset({".github", ".gitlab"})
_FIRST = {"crywolf.toml": 0, "run.json": 1, "catalog-info.yaml": 2, "catalog-info.yml": 2, "CODEOWNERS": 3}


def list_inputs(paths: Sequence[str | bytes]) -> Iterator[Input | Skip]:
    """Every input below the arguments, lazily, folder by folder.

    Args:
        paths: files, folders or `-` for standard input, in the order they are to be read.
    """
    for argument in paths:
        name = os.fsdecode(argument)
        if name == STDIN:
            yield Input(STDIN, None, None, None, is_explicit=True)
        else:
            yield from _list_argument(name)


def list_below(root: str, path: str) -> Iterator[Input | Skip]:
    """What there is now at one path below a folder given as argument: a file, or everything in an inner folder."""
    inner = os.path.relpath(path, root)
    if inner == os.curdir:
        yield from _walk(root, Path(root))
        return
    *folders, _ = inner.split(os.sep)
    if os.pardir in folders or any(_is_hidden_folder(folder) for folder in folders):
        return
    found = _visit(path, Path(root))
    if found is None:
        yield from _walk(path, Path(root))
    else:
        yield found


def is_inside(path: str, folder: str) -> bool:
    """Whether a listing of one folder goes into the other (absolute paths), which no hidden name keeps it from.

    >>> is_inside("/ci/out/a", "/ci/out"), is_inside("/ci/out/.a", "/ci/out"), is_inside("/ci/output", "/ci/out")
    (True, False, False)
    """
    inner = path.removeprefix(folder.rstrip(os.sep) + os.sep)
    return inner != path and not any(_is_hidden_folder(name) for name in inner.split(os.sep))


def natural_key(name: str) -> tuple[object, ...]:
    """A sort key that compares runs of digits as numbers; the name itself decides between `1` and `01`.

    >>> sorted(["run-1000", "run-999", "run-01", "run-1"], key=natural_key)
    ['run-01', 'run-1', 'run-999', 'run-1000']
    """
    pieces = _DIGITS.split(name)
    return tuple(int(piece) if index % 2 else piece for index, piece in enumerate(pieces)), name


def is_ignored_name(name: str) -> bool:
    """Whether a file of this name is hidden, a backup or still being written by someone.

    >>> [is_ignored_name(name) for name in ("report.xml", ".hidden.xml", "report.xml.part", "report.xml~")]
    [False, True, True, True]
    """
    return name.startswith(".") or name.lower().endswith(_UNFINISHED_SUFFIXES)


def _list_argument(name: str) -> Iterator[Input | Skip]:
    """One argument: a file as it is, a folder's content."""
    try:
        status = os.stat(name)
    except OSError as problem:
        yield _problem(name, problem)
        return
    if stat.S_ISDIR(status.st_mode):
        yield from _walk(name, Path(name))
    elif stat.S_ISREG(status.st_mode):
        yield _input(name, status, Path(name).parent, is_explicit=True)
    else:
        yield Skip(raw_text(name), NOT_REGULAR)


def _walk(root: str, base: Path) -> Iterator[Input | Skip]:
    """All inputs below a folder; a stack and no recursion, so depth is the file system's limit."""
    stack: list[Iterator[str | Skip]] = [_entries(root)]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
        elif isinstance(entry, Skip):
            yield entry
        elif (found := _visit(entry, base)) is not None:
            yield found
        else:
            stack.append(_entries(entry))


def _entries(folder: str) -> Iterator[str | Skip]:
    """Paths of the entries of a folder in order, or why it cannot be listed."""
    try:
        with os.scandir(folder) as listing:
            paths = [entry.path for entry in sorted(listing, key=_entry_key)]
    except OSError as problem:
        yield _problem(folder, problem)
        return
    yield from paths


def _entry_key(entry: os.DirEntry[str]) -> tuple[object, ...]:
    return listing_key(entry.name, is_folder=entry.is_dir(follow_symlinks=False))


def listing_key(name: str, *, is_folder: bool) -> tuple[object, ...]:
    """A sort key: what describes the folder, then its other files, then folders, each in natural order."""
    rank = (4 if name in _OWNER_FOLDERS else 6) if is_folder else _FIRST.get(name, 5)
    return (rank, *natural_key(name))


def ignored_reason(folders: Sequence[str], name: str) -> str:
    """Why a file in these folders, the outermost first, is not read; empty when it is."""
    if any(_is_hidden_folder(folder) for folder in folders):
        return HIDDEN_FOLDER
    if is_ignored_name(name):
        return HIDDEN_FILE
    is_beside_owners = bool(folders) and folders[-1] in _OWNER_FOLDERS
    return OTHER_IN_OWNER_FOLDER if is_beside_owners and name != "CODEOWNERS" else ""


def _visit(path: str, base: Path) -> Input | Skip | None:
    """What stands at a path below a folder given as argument; None: a folder to go into."""
    try:
        status = os.lstat(path)
    except OSError as problem:
        return _problem(path, problem)
    name = os.path.basename(path)
    if stat.S_ISLNK(status.st_mode):
        return Skip(raw_text(path), _link_reason(path, base))
    if stat.S_ISDIR(status.st_mode):
        return Skip(raw_text(path), HIDDEN_FOLDER) if _is_hidden_folder(name) else None
    if is_ignored_name(name):
        return Skip(raw_text(path), HIDDEN_FILE)
    if name != "CODEOWNERS" and os.path.basename(os.path.dirname(path)) in _OWNER_FOLDERS:
        return Skip(raw_text(path), OTHER_IN_OWNER_FOLDER)
    if not stat.S_ISREG(status.st_mode):
        return Skip(raw_text(path), NOT_REGULAR)
    return _input(path, status, base, is_explicit=False)


HIDDEN_FOLDER = "ignored-name: a hidden folder; give it as an argument to read it"
HIDDEN_FILE = "ignored-name: hidden, a backup or unfinished; give it as an argument to read it"
OTHER_IN_OWNER_FOLDER = "ignored-name: only CODEOWNERS is read in this folder"


def _is_hidden_folder(name: str) -> bool:
    """Whether a folder of this name is not gone into."""
    return name.startswith(".") and name not in _OWNER_FOLDERS


def _input(path: str, status: os.stat_result, root: Path, *, is_explicit: bool) -> Input:
    """The record of a regular file."""
    return Input(raw_text(path), Path(path), status.st_size, status.st_mtime_ns // 1_000_000, is_explicit, root)


def _link_reason(path: str, base: Path) -> str:
    """Why a link found on the way is not followed; names neither its target nor the target's content."""
    try:
        status = os.stat(path)
    except OSError as problem:
        return _LINK_PROBLEMS.get(problem.errno or 0, VANISHED)
    if stat.S_ISDIR(status.st_mode):
        return "symlink-dir: a link to a folder; give the folder as an argument to read it"
    if not stat.S_ISREG(status.st_mode):
        return NOT_REGULAR
    if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(base)):
        return "symlink: a link; the file it leads to is read by itself"
    return "outside-root: a link that leaves the folder; give the file as an argument to read it"


_LINK_PROBLEMS = {
    errno.ELOOP: "symlink-loop: a link that leads to itself",
    errno.ENOENT: "vanished: a link that leads nowhere",
    errno.EACCES: "permission: a link whose target may not be looked at",
}


def _problem(path: str, problem: OSError) -> Skip:
    """The record of something that could not be looked at; a lack of permission is a refusal, for someone must act."""
    text = raw_text(path)
    if isinstance(problem, PermissionError):
        reason = "permission: may not be read; allow the user who runs crywolf to read it"
        return Skip(text, reason, FileStatus.REJECTED)
    if problem.errno == errno.ELOOP:
        return Skip(text, _LINK_PROBLEMS[errno.ELOOP])
    if isinstance(problem, FileNotFoundError | NotADirectoryError):
        return Skip(text, VANISHED)
    return Skip(text, f"unreadable: cannot be looked at ({problem.strerror})", FileStatus.REJECTED)
