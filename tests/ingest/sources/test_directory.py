"""Listing inputs: order, what is never followed, what is never silently dropped."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ingest.errors import NotKnown, Refused
from ingest.model import FileStatus
from ingest.sources.directory import list_inputs, natural_key
from ingest.sources.inputs import Input, Skip, open_input


def write(path: Path, content: bytes = b"<testsuite/>") -> Path:
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(root: Path) -> list[str]:
    """Relative paths of what would be read, in order."""
    return [os.path.relpath(found.path, root) for found in list_inputs([str(root)]) if isinstance(found, Input)]


def skipped(root: Path) -> dict[str, str]:
    """Relative path to reason code of what is listed and not read."""
    found = (item for item in list_inputs([str(root)]) if isinstance(item, Skip))
    return {os.path.relpath(item.path, root): item.reason.partition(":")[0] for item in found}


def test_numbers_in_names_are_compared_as_numbers(tmp_path: Path) -> None:
    """Run 999 is read before run 1000."""
    for run in ("run-1000", "run-999", "run-9"):
        write(tmp_path / run / "out.xml")
    assert names(tmp_path) == ["run-9/out.xml", "run-999/out.xml", "run-1000/out.xml"]


def test_what_describes_a_folder_comes_before_its_reports(tmp_path: Path) -> None:
    """run.json, catalog and CODEOWNERS first, then files, then folders."""
    for name in ("a.xml", "run.json", "CODEOWNERS", "catalog-info.yaml", "b/c.xml", ".github/CODEOWNERS"):
        write(tmp_path / name)
    assert names(tmp_path) == [
        "run.json",
        "catalog-info.yaml",
        "CODEOWNERS",
        ".github/CODEOWNERS",
        "a.xml",
        "b/c.xml",
    ]


def test_order_does_not_depend_on_creation(tmp_path: Path) -> None:
    """Two folders with the same files list alike."""
    for root, order in (("one", "abc"), ("two", "cab")):
        for name in order:
            write(tmp_path / root / f"{name}.xml")
    assert names(tmp_path / "one") == names(tmp_path / "two")


def test_hidden_and_unfinished_names_are_listed_and_not_read(tmp_path: Path) -> None:
    """Hidden files, backups and partial downloads; of owner folders only CODEOWNERS is read."""
    for name in (".git/x.xml", ".a.xml", "b.xml.tmp", "c.xml.part", "d.xml~", ".github/w.yml", ".gitlab/CODEOWNERS"):
        write(tmp_path / name)
    assert names(tmp_path) == [".gitlab/CODEOWNERS"]
    assert set(skipped(tmp_path).values()) == {"ignored-name"}
    assert set(skipped(tmp_path)) == {".git", ".a.xml", "b.xml.tmp", "c.xml.part", "d.xml~", ".github/w.yml"}


def test_an_explicit_hidden_file_is_read(tmp_path: Path) -> None:
    """What a person names is taken."""
    (found,) = list_inputs([str(write(tmp_path / ".report.xml"))])
    assert isinstance(found, Input)
    assert found.is_explicit
    assert found.root == tmp_path


def test_special_files_and_links_are_told_apart(tmp_path: Path) -> None:
    """FIFO, socket, device, loops, dangling and leaving links: each with its reason, nothing hangs."""
    root = tmp_path / "root"
    write(root / "ok.xml")
    write(tmp_path / "secret.xml")
    os.mkfifo(root / "fifo.xml")
    (root / "loop_a.xml").symlink_to("loop_b.xml")
    (root / "loop_b.xml").symlink_to("loop_a.xml")
    (root / "broken.xml").symlink_to("nowhere")
    (root / "zero.xml").symlink_to("/dev/zero")
    (root / "out.xml").symlink_to(tmp_path / "secret.xml")
    (root / "in.xml").symlink_to("ok.xml")
    (root / "tree").mkdir()
    (root / "tree" / "self").symlink_to("..")
    assert names(root) == ["ok.xml"]
    assert skipped(root) == {
        "fifo.xml": "not-regular",
        "loop_a.xml": "symlink-loop",
        "loop_b.xml": "symlink-loop",
        "broken.xml": "vanished",
        "zero.xml": "not-regular",
        "out.xml": "outside-root",
        "in.xml": "symlink",
        "tree/self": "symlink-dir",
    }


def test_a_socket_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unix socket named like a report."""
    monkeypatch.chdir(tmp_path)  # a socket's path may be 107 bytes at most
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("sock.xml")
        assert skipped(tmp_path) == {"sock.xml": "not-regular"}


def test_names_that_are_not_text_are_shown_escaped_and_open(tmp_path: Path) -> None:
    """Undecodable bytes as \\xNN in the path; the file opens all the same."""
    with open(os.path.join(os.fsencode(tmp_path), b"bad\xff.xml"), "wb") as file:
        file.write(b"content")
    (found,) = list_inputs([os.fsencode(tmp_path)])
    assert isinstance(found, Input)
    assert found.path == f"{tmp_path}/bad\\xff.xml"
    with open_input(found) as stream:
        assert stream.read() == b"content"


def test_a_missing_argument_is_listed_as_vanished(tmp_path: Path) -> None:
    """The command line refuses it beforehand; a race is no crash."""
    (found,) = list_inputs([str(tmp_path / "gone.xml")])
    assert isinstance(found, Skip)
    assert found.reason.startswith("vanished:")


def test_dash_is_standard_input() -> None:
    """`-` names no file."""
    (found,) = list_inputs(["-"])
    assert found == Input("-", None, None, None, is_explicit=True)


def test_opening_what_changed_since_it_was_listed(tmp_path: Path) -> None:
    """A file replaced by a link, a FIFO or nothing is not read; one without permission is refused."""
    write(tmp_path / "a.xml")
    (found,) = list_inputs([str(tmp_path)])
    assert isinstance(found, Input)
    (tmp_path / "a.xml").unlink()
    with pytest.raises(NotKnown, match="vanished"):
        open_input(found)
    (tmp_path / "a.xml").symlink_to("/etc/hostname")
    with pytest.raises(NotKnown, match="symlink"):
        open_input(found)
    (tmp_path / "a.xml").unlink()
    os.mkfifo(tmp_path / "a.xml")
    with pytest.raises(NotKnown, match="not-regular"):
        open_input(found)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_refused(tmp_path: Path) -> None:
    """A person has to act, so it is a refusal; the rest of the tree goes on."""
    write(tmp_path / "a.xml").chmod(0)
    folder = tmp_path / "closed"
    folder.mkdir(mode=0)
    found = list(list_inputs([str(tmp_path)]))
    folder.chmod(0o700)
    assert [item.status for item in found if isinstance(item, Skip)] == [FileStatus.REJECTED]
    (report,) = (item for item in found if isinstance(item, Input))
    with pytest.raises(Refused, match="permission"):
        open_input(report)


def test_natural_order_is_total() -> None:
    """Names that differ only in leading zeros still have an order."""
    assert natural_key("a01") != natural_key("a1")


def test_names_with_and_without_a_number_have_an_order() -> None:
    """`run` beside `run1` is listed, and comes first."""
    assert sorted(["run1", "run", "run10", "run2", "1"], key=natural_key) == ["1", "run", "run1", "run2", "run10"]
