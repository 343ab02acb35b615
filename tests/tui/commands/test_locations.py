"""Which store a command works on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import SettingsError
from tui.locations import locate


def test_the_order_of_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Option, then variable, then crywolf.toml of a folder above, then the data directory."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    project, inner = tmp_path / "project", tmp_path / "project" / "a" / "b"
    inner.mkdir(parents=True)
    environ = {"CRYWOLF_DB": "/from/variable.db"}
    assert locate("x.db", environ, inner).database == Path("x.db")
    assert locate(None, environ, inner).database == Path("/from/variable.db")
    assert locate(None, {}, inner).database_origin == "user data directory"
    (project / "crywolf.toml").write_text('[project]\ndatabase = "data/wolf.db"\n')
    place = locate(None, {}, inner)
    assert place.database == project / "data" / "wolf.db"
    assert place.database_origin == f"{project / 'crywolf.toml'} project.database"
    assert place.settings.path == project / "crywolf.toml"


def test_settings_that_cannot_be_used(tmp_path: Path) -> None:
    """A defect in crywolf.toml is told, whatever the command."""
    (tmp_path / "crywolf.toml").write_text("[project\n")
    with pytest.raises(SettingsError, match=r"crywolf\.toml"):
        locate("x.db", {}, tmp_path)


def test_a_persons_own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They name the store where neither option, variable nor project does."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    file = tmp_path / "config" / "crywolf" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[project]\ndatabase = "mine.db"\n')
    place = locate(None, {}, tmp_path)
    assert (place.database, place.database_origin) == (file.parent / "mine.db", f"{file} project.database")
    (tmp_path / "crywolf.toml").write_text('[project]\ndatabase = "ours.db"\n')
    assert locate(None, {}, tmp_path).database == tmp_path / "ours.db"
    file.write_text("[nonsense]\n")
    with pytest.raises(SettingsError, match=r"config\.toml:1: nonsense: unknown key"):
        locate(None, {}, tmp_path)
