"""Git history: printed text and a real repository, and what a hostile one could try."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.changes.gitlog import claims, read, read_repository
from ingest.errors import NotKnown, Refused
from ingest.limits import Limits
from ingest.model import ChangeKind, ChangeTarget

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
PRINTED = (
    b"commit " + b"a" * 40 + b"\0" + b"b" * 40 + b"\x001772366400\0Ada Kern\0test: steadier\0"
    b"\n3\t1\ttests/test_cart.py\x00-\t-\ttests/data/x.bin\0"
    b"commit " + b"b" * 40 + b"\0\x001772362800\0Bo\0fix: rounding\0"
    b"\n10\t2\tsrc/a b.py\0"
)


def git(folder: Path, *arguments: str) -> None:
    """Run git in a repository, with a name to commit under and nobody's settings."""
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@acme.example", "-c", "commit.gpgsign=false"]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, env=environment)


def test_printed_history() -> None:
    """Every commit is merged; one of tests only is a change, with its size."""
    batch = read(PRINTED, Limits(), "acme/cart")
    assert [(merged.commit.sha[0], merged.commit.files, merged.repository) for merged in batch.merged] == [
        ("a", ("tests/test_cart.py", "tests/data/x.bin"), "acme/cart"),
        ("b", ("src/a b.py",), "acme/cart"),
    ]
    (change,) = batch.changes
    assert (change.change_id, change.kind, change.target) == ("git:" + "a" * 40, ChangeKind.COMMIT, ChangeTarget.TEST)
    assert (change.additions, change.deletions, change.at_ms) == (3, 1, 1_772_366_400_000)
    assert claims(PRINTED)


def test_no_file_name_passes_for_a_commit() -> None:
    """A name with line ends and a commit's header in it is a name."""
    evil = b"tests/x\ncommit " + b"c" * 40
    batch = read(PRINTED[: PRINTED.index(b"commit " + b"b" * 40)] + b"1\t1\t" + evil + b"\0", Limits())
    assert len(batch.merged) == 1
    assert batch.merged[0].commit.files[-1] == evil.decode()


def test_other_text_is_not_known() -> None:
    """The usual output of `git log` is not read: it cannot be told apart safely."""
    with pytest.raises(NotKnown):
        read(b"commit " + b"a" * 40 + b"\nAuthor: x\n", Limits())
    with pytest.raises(Refused, match="document_bytes"):
        read(PRINTED, Limits(document_bytes=10))


@needs_git
def test_a_repository(tmp_path: Path) -> None:
    """The history of a real repository, also with awkward names."""
    git(tmp_path, "init", "-q")
    (tmp_path / "a\nb.py").write_text("x\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "feat: one")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("x\ny\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "test: two")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "empty")
    batch = read_repository(tmp_path, repository="acme/a")
    assert [merged.commit.title for merged in batch.merged] == ["empty", "test: two", "feat: one"]
    assert batch.merged[2].commit.files == ("a\nb.py",)
    assert [(change.title, change.additions) for change in batch.changes] == [("test: two", 2)]
    assert len(read_repository(tmp_path, most_commits=1).merged) == 1


@needs_git
def test_a_hostile_repository_runs_nothing(tmp_path: Path) -> None:
    """File monitor, pager, text converter, external diff and hooks of a repository's own settings stay unused."""
    marker = tmp_path / "ran"
    script = tmp_path / "run.sh"
    script.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    script.chmod(0o755)
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "-q")
    (repository / ".gitattributes").write_text("* diff=evil\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "one")
    for key in ("core.fsmonitor", "core.pager", "pager.log", "diff.evil.textconv", "diff.external", "gpg.program"):
        git(repository, "config", key, str(script))
    git(repository, "config", "log.showSignature", "true")
    assert len(read_repository(repository).merged) == 1
    assert not marker.exists()


@needs_git
@pytest.mark.parametrize("revision", ["--output=x", "no-such-branch"])
def test_what_git_refuses(tmp_path: Path, revision: str) -> None:
    """Errors of git become refusals; a revision is never an option."""
    git(tmp_path, "init", "-q")
    with pytest.raises(Refused) as caught:
        read_repository(tmp_path, revision=revision)
    assert caught.value.code == "git-failed"
    assert not (tmp_path / "x").exists()


def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git it is said what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused) as caught:
        read_repository(tmp_path)
    assert caught.value.code == "git-missing"


@given(st.integers(0, len(PRINTED)), st.binary(max_size=8), st.integers(0, 60))
def test_damaged_histories_are_read_or_refused(at: int, inserted: bytes, cut: int) -> None:
    """Damaged histories are read, refused or not known, and nothing else."""
    for data in (PRINTED[:at] + inserted + PRINTED[at + cut :], inserted, PRINTED[:50] + inserted):
        try:
            read(data, Limits())
        except (Refused, NotKnown):
            continue
