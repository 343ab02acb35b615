"""A person's own settings: below the project's, and of what concerns the person alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import SettingsError
from ingest.settings_shown import describe
from ingest.settings_user import files_of, load_layers

OWN = """
[project]
actor = "ada"
database = "mine.db"
jobs = 2

[dashboard]
theme = "light"
bell = true

[[view]]
name = "reds"
key = "f2"
mode = "triage"

[[view]]
name = "mine"
key = "f3"
mode = "tests"

[[command]]
name = "issue"
key = "f9"
run = ["tool"]
"""
PROJECT = """
[project]
actor = "the project"

[dashboard]
theme = "dark"

[[view]]
name = "reds"
key = "f3"
mode = "changes"

[[flow]]
name = "checkout"
tests = ["*"]
"""


def test_the_project_wins_key_by_key(tmp_path: Path) -> None:
    """What it sets is its own; of the rest the person's counts, and defaults where neither says anything."""
    own, project = tmp_path / "config.toml", tmp_path / "crywolf.toml"
    own.write_text(OWN)
    project.write_text(PROJECT)
    settings = load_layers(project, own)
    assert (settings.actor, settings.jobs, settings.database) == ("the project", 2, tmp_path / "mine.db")
    assert (settings.dashboard.theme, settings.dashboard.has_bell, settings.dashboard.is_ascii) == ("dark", True, False)
    assert [(one.name, one.mode, one.key) for one in settings.dashboard.views] == [
        ("reds", "changes", "f3"),
        ("mine", "tests", ""),
    ]
    assert [one.name for one in settings.dashboard.commands] == ["issue"]
    assert len(settings.flows) == 1
    origins = {key: origin for key, _, origin in describe(settings)}
    assert origins["project.actor"] == str(project)
    assert origins["project.jobs"] == origins["dashboard.bell"] == origins["command"] == str(own)
    assert origins["view"] == f"{project}, {own}"
    assert origins["limits.document_bytes"] == "default"
    assert list(files_of(settings)) == [project, own]


def test_without_a_project(tmp_path: Path) -> None:
    """The person's file alone, one alone of the project, and none."""
    own, project = tmp_path / "config.toml", tmp_path / "crywolf.toml"
    own.write_text(OWN)
    project.write_text(PROJECT)
    assert load_layers(None, own).actor == "ada"
    assert load_layers(project, None).actor == "the project"
    assert load_layers(None, None).actor is None


@pytest.mark.parametrize(
    ("text", "key"), [('[[flow]]\nname = "a"\ntests = ["*"]\n', "flow"), ("[limits]\ndocument_bytes = 5\n", "limits")]
)
def test_what_answers_depend_on_is_the_projects(tmp_path: Path, text: str, key: str) -> None:
    """Said with file, line and where it belongs, so that two people never see different answers."""
    own = tmp_path / "config.toml"
    own.write_text(f"\n{text}")
    with pytest.raises(SettingsError, match=rf"config\.toml:[23]: {key}.*: belongs into the project's crywolf\.toml"):
        load_layers(None, own)
