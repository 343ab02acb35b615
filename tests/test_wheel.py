"""The wheel: what is in it, and that it works where there is no checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {"ingest", "store", "analysis", "tui"}
REPORT = """<testsuite name="s">
  <testcase classname="c" name="a"/>
  <testcase classname="c" name="b"><failure/></testcase>
</testsuite>"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the checkout, built without build isolation."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_top_level(wheel: Path) -> None:
    """The four rooms and the metadata; generic import names must not multiply."""
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.partition("/")[0] for name in names}
    (metadata,) = (name for name in top if name.endswith(".dist-info"))
    assert top == ROOMS | {metadata}


def test_data_files(wheel: Path) -> None:
    """Type markers and styles ship, tests do not."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"{room}/py.typed" for room in ROOMS} <= names
    styles = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tui").rglob("*.tcss")}
    assert styles <= names
    assert not any("test_" in name.rpartition("/")[2] and name.startswith("tests/") for name in names)


def installed(wheel: Path, folder: Path) -> Path:
    """The script of a fresh environment with the wheel; only its dependencies come from the running one."""
    venv.create(folder, with_pip=False, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "--disable-pip-version-check"]
    install = [*pip, "install", "--quiet", "--no-index", "--no-deps", "--no-warn-script-location", str(wheel)]
    done = subprocess.run(install, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "bin" / "crywolf"


def test_commands_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """--help, ingest and flakes --json, outside the checkout."""
    script = installed(wheel, tmp_path / "venv")
    (tmp_path / "report.xml").write_text(REPORT)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "CRYWOLF_DB": str(tmp_path / "x.db"),
    }

    def crywolf(*arguments: str) -> str:
        done = subprocess.run([script, *arguments], cwd=tmp_path, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = "import tui.cli; print(tui.cli.__file__)"
    python = str(script.with_name("python"))
    found = subprocess.run([python, "-c", where], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True)
    assert found.stdout.startswith(str(tmp_path))
    assert "ingest" in crywolf("--help")
    assert "1 ingested" in crywolf("ingest", "report.xml")
    document = json.loads(crywolf("flakes", "--json"))
    assert document["schema_version"] == 1
    assert [row["test"].rpartition("::")[2] for row in document["tests"]] == ["b"]
