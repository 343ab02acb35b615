"""What `crywolf.toml` says of the dashboard, and on which line it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import SettingsError
from ingest.settings import parse_settings
from ingest.settings_dashboard import KeyCommand, SavedView
from ingest.settings_lines import line_of
from ingest.settings_shown import describe

FILE = Path("/p/crywolf.toml")
TEXT = """
[dashboard]
theme = "light"
bell = true
notify = ["notify-send", "{what}"]

[[view]]
name = "my reds"
key = "f2"
mode = "triage"
filter = "owner:tills !flaky"
sort = "-since"
columns = ["verdict", "what"]

[[command]]
name = "shell"
key = "f9"
run = 'echo "$CRYWOLF_TEST"'

[[command]]
name = "list"
key = "ctrl+g"
run = ["tool", "{test}"]
where = ["tests"]
terminal = true
"""


def test_dashboard_is_read() -> None:
    """Looks, views and commands; a text is for the shell, a list is not."""
    settings = parse_settings(TEXT.encode(), FILE)
    dashboard = settings.dashboard
    assert (dashboard.theme, dashboard.has_bell, dashboard.is_ascii) == ("light", True, False)
    assert dashboard.notify == ("notify-send", "{what}")
    assert dashboard.views == (
        SavedView("my reds", "triage", "f2", "owner:tills !flaky", "-since", ("verdict", "what")),
    )
    assert dashboard.commands == (
        KeyCommand("shell", "f9", ('echo "$CRYWOLF_TEST"',), is_shell=True),
        KeyCommand("list", "ctrl+g", ("tool", "{test}"), is_shell=False, where=("tests",), has_terminal=True),
    )


def test_config_shows_them() -> None:
    """`crywolf config` tells each with its origin."""
    rows = {key: (value, origin) for key, value, origin in describe(parse_settings(TEXT.encode(), FILE))}
    assert rows["dashboard.theme"] == ("light", str(FILE))
    assert rows["dashboard.ascii"] == ("false", "default")
    assert "my reds" in rows["view"][0]
    assert rows["command"][1] == str(FILE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[view]]\nname = "a"\nmode = "triage"\n\n[[view]]\nname = "b"\nmode = "tirage"\n', ":7: view[2].mode"),
        ('[dashboard]\nthem = "light"\n', ":2: dashboard.them: unknown key, did you mean theme?"),
        ('[[command]]\nname = "a"\nkey = "f9"\n', ":1: command[1].run: is missing"),
        ('[[command]]\nname = "a"\nkey = "f 9"\nrun = "x"\n', ":3: command[1].key: 'f 9' is no key"),
        (
            '[[view]]\nname = "a"\nmode = "tests"\nkey = "f2"\n[[command]]\nname = "c"\nkey = "f2"\nrun = "x"\n',
            "view and command keys: 'f2' is declared twice",
        ),
        ("[dashboard]\nbell = 1\n", ":2: dashboard.bell: must be true or false"),
        ("a = \n", "line 1"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, said: str) -> None:
    """The file, the line, the key and the remedy."""
    with pytest.raises(SettingsError) as caught:
        parse_settings(text.encode(), FILE)
    assert str(caught.value).startswith(str(FILE))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("key", "line"),
    [("project.actor", 2), ("view[2]", 5), ("view[2].name", 6), ("view[1].key", 3), ("limits", None), ("top", 0)],
)
def test_lines(key: str, line: int | None) -> None:
    """A key's own line, else its table's."""
    text = '[project]\nactor = "x"\n[[view]] # first\nname = "a"\n[[view]]\n"name" = "b"\n'
    assert line_of(text, key) == (line or None)


def test_where_names_views(tmp_path: Path) -> None:
    """A word that is no view is an error with its line and the words that are: a command would be nowhere otherwise."""
    with pytest.raises(SettingsError, match=r"crywolf\.toml:24: command\[2\]\.where: 'test_page' is no view: triage,"):
        parse_settings(TEXT.replace('where = ["tests"]', 'where = ["tests", "test_page"]').encode(), FILE)
    assert parse_settings(TEXT.replace('["tests"]', '["incident", "test", "note"]').encode(), FILE)
