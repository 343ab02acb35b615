"""`crywolf.toml`: the documented example, each kind of mistake, and where values come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingest.settings
from ingest.errors import SettingsError
from ingest.limits import Limits
from ingest.model import RunIdentity
from ingest.settings import (
    Flow,
    MonorepoRule,
    OwnerPattern,
    PipelineSettings,
    Settings,
    find_settings,
    load_settings,
    matches_pattern,
    parse_settings,
)
from ingest.settings_shown import describe

HERE = Path("/project/crywolf.toml")
EXAMPLE = "\n".join(line[4:] for line in (ingest.settings.__doc__ or "").splitlines() if line.startswith("    "))


def parsed(text: str) -> Settings:
    """Settings of a text."""
    return parse_settings(text.encode(), HERE)


def test_the_documented_example() -> None:
    """The example of the module's documentation is valid and says what it seems to say."""
    assert all((parsed(EXAMPLE).durable, parsed(EXAMPLE).group, parsed(EXAMPLE).network))
    found = parsed(EXAMPLE)
    assert (found.database, found.baseline_branch, found.actor) == (
        Path("/project/crywolf.db"),
        "main",
        "oncall@acme.example",
    )
    assert found.path_templates == ("/project/results/{service}/{pipeline}/{run_id}/**",)
    assert found.pipeline("integration") == PipelineSettings(
        "integration",
        86_400,
        3,
        "Europe/Berlin",
        "checkout",
        "/project/nightly/{run_id}/**",
        "@acme/platform",
    )
    assert found.pipeline("other") is None
    assert found.monorepo == (MonorepoRule("acme/shop", "services/cart/", "cart"),)
    assert found.flows == (Flow("checkout", ("*Checkout*", "*::com.acme.pay.*"), 2.0, "@acme/basket"),)
    assert found.owners == (OwnerPattern("@acme/basket", ("*Checkout*",)),)
    assert found.limits == Limits(document_bytes=67_108_864)


def test_without_a_file() -> None:
    """The defaults are usable as they are."""
    found = Settings()
    assert found.environment_name("stg") == "stg"
    assert found.identity_of_path("/a/b") is None
    assert {origin for _, _, origin in describe(found)} == {"default"}
    assert parsed("").limits == Limits()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[project]\ndatabse = 'x'", ["project.databse", "did you mean database"]),
        ("[projekt]", ["projekt", "did you mean project"]),
        ("[limits]\nzzz = 1", ["limits.zzz", "known:", "token_bytes"]),
        ("[limits]\ndepth = 0", ["limits.depth", "from 1 on"]),
        ("[limits]\ndepth = true", ["limits.depth"]),
        ("[project]\nactor = 3", ["project.actor", "text"]),
        ("[project]\nactor = ' '", ["project.actor", "not empty"]),
        ("project = 3", ["project", "must be a table"]),
        ("pipeline = 3", ["[[pipeline]]"]),
        ("[[pipeline]]\nshards = 1", ["pipeline[1].name", "missing"]),
        ("[[pipeline]]\nname='a'\n[[pipeline]]\nname='a'", ["'a' is declared twice"]),
        ("[[pipeline]]\nname='a'\ncadence='24'", ["pipeline[1].cadence", "24h"]),
        ("[[pipeline]]\nname='a'\ntimezone='Mars/Base'", ["pipeline[1].timezone", "Europe/Berlin"]),
        ("[[pipeline]]\nname='a'\ntimezone='../etc/passwd'", ["pipeline[1].timezone"]),
        ("[[pipeline]]\nname='a'\npath_template='{servce}/**'", ["pipeline[1].path_template", "{servce}"]),
        ("path_templates = [3]", ["path_templates", "list of texts"]),
        ("[environments.aliases]\na = 3", ["environments.aliases.a"]),
        ("[environments.aliases]\na = 'b'\nb = 'a'", ["stands for itself"]),
        ("[environments]\nalias = {}", ["environments.alias", "did you mean aliases"]),
        ("[[flow]]\nname='a'", ["flow[1].tests"]),
        ("[[flow]]\nname='a'\ntests=['x']\ncriticality='huge'", ["flow[1].criticality", "low, normal, high, critical"]),
        ("[[flow]]\nname='a'\ntests=['x']\ncriticality=nan", ["flow[1].criticality"]),
        ("[[cause]]\ncategory='network'", ["cause[1].pattern", "missing"]),
        ("[[cause]]\ncategory='network'\npattern='(a'", ["cause[1].pattern", "regular expression"]),
        ("[[owner]]\nowner='a'", ["owner[1]", "owns nothing"]),
        ("[[owner]]\nowner='a'\ntests=['x']\npipeline='p'", ["owner[1]", "rule of their own"]),
        ("[[monorepo]]\npath='a'", ["monorepo[1].repository", "missing"]),
        ("x = [", ["no valid TOML"]),
        ("a = 1\na = 2", ["no valid TOML"]),
        ("a = " + "[" * 5_000, ["no valid TOML"]),
    ],
)
def test_mistakes(text: str, parts: list[str]) -> None:
    """Every error names the file, the key and the remedy."""
    with pytest.raises(SettingsError) as caught:
        parsed(text)
    assert str(caught.value).startswith("/project/crywolf.toml:")
    for part in parts:
        assert part in str(caught.value)


def test_aliases() -> None:
    """One alias or all of a name; chains end at the name itself."""
    found = parsed(
        "[environments.aliases]\nstg = 'stage'\nstaging = ['stage', 'test']\n[services.aliases]\n'a.b' = 'c'"
    )
    assert [found.environment_name(name) for name in ("stg", "stage", "test", "staging", "prod")] == [
        "staging",
        "staging",
        "staging",
        "staging",
        "prod",
    ]
    assert found.service_name("a.b") == "c"


def test_services_of_files() -> None:
    """The longest path of the repository wins."""
    rules = "".join(
        f"[[monorepo]]\nrepository='r'\npath='{path}'\nservice='{service}'\n"
        for path, service in (("services/", "all"), ("services/cart/", "cart"), ("/libs", "libs"))
    )
    found = parsed(rules)
    assert found.service_of_file("r", "services/cart/a.py") == "cart"
    assert found.service_of_file("r", "services/cartoon/a.py") == "all"
    assert found.service_of_file("r", "libs/x") == "libs"
    assert found.service_of_file("r", "README.md") is None
    assert found.service_of_file("other", "libs/x") is None


def test_owners() -> None:
    """The last rule wins; a pipeline's own owner comes last."""
    found = parsed(
        "[[owner]]\nowner='a'\ntests='*'\n[[owner]]\nowner='b'\ntests=['*Pay*']\n"
        "[[owner]]\nowner='c'\nenvironment='stag*'\n[[owner]]\nowner='d'\nenvironment='staging'\npipeline='night*'\n"
        "[[pipeline]]\nname='weekly'\nowner='w'\n"
    )
    assert (found.owner_of_test("s::PayIT::x"), found.owner_of_test("s::Cart::x")) == ("b", "a")
    assert found.owner_of_job("nightly", "staging") == "d"
    assert found.owner_of_job("other", "staging") == "c"
    assert found.owner_of_job("weekly", "prod") == "w"
    assert found.owner_of_job("other", "prod") is None
    assert [flow.name for flow in parsed(EXAMPLE).flows_of("s::com.acme.CheckoutIT::pays")] == ["checkout"]


def test_paths() -> None:
    """Templates are relative to the folder of the file; a pipeline's own template names the pipeline."""
    found = parsed(EXAMPLE)
    assert found.identity_of_path("/project/results/cart/e2e/17/a.xml") == RunIdentity(
        service="cart", pipeline="e2e", run_id="17"
    )
    assert found.identity_of_path("/project/nightly/3/a.xml") == RunIdentity(pipeline="integration", run_id="3")
    assert found.identity_of_path("/elsewhere/results/cart/e2e/17/a.xml") is None
    odd = parse_settings(b"path_templates = ['{run_id}/**']", Path("/a{b}/crywolf.toml"))
    assert odd.path_templates == ("**/{run_id}/**",)


def test_origins() -> None:
    """Each value says whether the file or the default gave it, even when both are the same."""
    rows = {key: (value, origin) for key, value, origin in describe(parsed(EXAMPLE))}
    assert rows["project.baseline_branch"] == ("main", "/project/crywolf.toml")
    assert rows["limits.document_bytes"] == ("67108864", "/project/crywolf.toml")
    assert rows["limits.depth"] == ("100", "default")
    assert rows["environments.aliases"] == ("stg = staging", "/project/crywolf.toml")
    assert describe(parsed("[[flow]]\nname='a'\ntests='*'"))[1] == ("project.database", "", "default")


def test_finding_and_loading(tmp_path: Path) -> None:
    """The nearest file above counts; one that cannot be read says why."""
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_settings(below) is None or not find_settings(below).is_relative_to(tmp_path)  # type: ignore[union-attr]
    (tmp_path / "crywolf.toml").write_bytes(b"\xef\xbb\xbf[project]\nactor = 'ada'\n")
    assert find_settings(below) == tmp_path / "crywolf.toml"
    assert load_settings(tmp_path / "crywolf.toml").actor == "ada"
    (tmp_path / "a" / "crywolf.toml").mkdir()
    assert find_settings(below) == tmp_path / "crywolf.toml"
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(SettingsError, match="cannot be read"):
            load_settings(path)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "anything\nat all", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("Pay*", "PAYMENT", True),
        ("*x[1]*", "test_x[1]_a", True),
        ("*a*b*", "xxbxa", False),
        ("a*a", "a", False),
        ("*a" * 40 + "b", "a" * 3_000, False),
    ],
)
def test_patterns(pattern: str, text: str, fits: bool) -> None:
    """Stars and question marks only; brackets are themselves; no pattern takes long."""
    assert matches_pattern(pattern, text) is fits


@settings(max_examples=200)
@given(st.integers(0, 1_500), st.binary(max_size=6), st.integers(0, 60), st.binary(max_size=40))
def test_damaged_files_are_read_or_refused(at: int, inserted: bytes, cut: int, noise: bytes) -> None:
    """Damaged settings are settings or an error of ours, and nothing else."""
    whole = EXAMPLE.encode()
    for data in (whole[:at] + inserted + whole[at + cut :], noise):
        try:
            describe(parse_settings(data, HERE))
        except SettingsError:
            continue
