"""Which store a command works on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import SettingsError
from tui.locations import locate


def test_the_order_of_sources(tmp_path: Path) -> None:
    """Option, then variable, then crywolf.toml of a folder above, then the data directory."""
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
