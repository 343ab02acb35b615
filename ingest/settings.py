"""`crywolf.toml`: what a project says about its pipelines, names, owners and journeys.

    path_templates = ["results/{service}/{pipeline}/{run_id}/**"]   # relative to the folder of this file

    [project]
    database = "crywolf.db"             # relative to the folder of this file
    baseline_branch = "main"            # whose runs count for verdicts
    actor = "oncall@acme.example"       # who acts, instead of the operating system's user
    jobs = 1                            # processes that ingest at most; else as many as make it faster
    longest_quarantine = "90d"          # a quarantine ends by then; a year without this

    [[pipeline]]
    name = "integration"
    cadence = "24h"                     # how often a run is expected: <n>m, h, d or w
    shards = 3                          # report files of jobs expected from each run
    timezone = "Europe/Berlin"          # of times that its reports give without a zone
    service = "checkout"                # whose pipeline it is
    owner = "@acme/platform"            # of the job itself
    path_template = "nightly/{run_id}/**"

    [environments.aliases]
    stg = "staging"                     # one alias, or all of a name: staging = ["stg", "stage"]

    [services.aliases]
    cart-svc = "cart"

    [[monorepo]]
    repository = "acme/shop"
    path = "services/cart/"             # files below it
    service = "cart"

    [[flow]]
    name = "checkout"
    tests = ["*Checkout*", "*::com.acme.pay.*"]
    criticality = "high"                # low, normal, high, critical or a number
    owner = "@acme/basket"              # of the journey itself

    [[owner]]
    tests = ["*Checkout*"]              # or environment = "staging*", or pipeline = "nightly*"
    owner = "@acme/basket"

    [[cause]]
    category = "network"                # what kind of cause a failure's text speaks of, before the rules that ship
    pattern = "sidecar .* not ready"    # a regular expression, regardless of case

    [store]
    durable = true                      # commits wait for the disk: slower, no power cut takes one back
    group = true                        # people of the file's group may use it too
    network = true                      # it may lie on a network file system: slower, one writer at a time

    [limits]
    document_bytes = 67108864           # any name of ingest.limits

    # [dashboard], [[view]], [[command]]: see ingest.settings_dashboard

Unknown keys are errors: a misspelt key that is silently ignored is found weeks later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path

from ingest.errors import SettingsError
from ingest.limits import Limits
from ingest.model import RunIdentity
from ingest.settings_dashboard import TABLES as DASHBOARD_TABLES
from ingest.settings_dashboard import DashboardSettings, given_keys, read_dashboard
from ingest.settings_declared import CausePattern as CausePattern
from ingest.settings_declared import Flow as Flow
from ingest.settings_declared import MonorepoRule as MonorepoRule
from ingest.settings_declared import OwnerPattern as OwnerPattern
from ingest.settings_declared import PipelineSettings as PipelineSettings
from ingest.settings_values import Reader, Table

FILE_NAME = "crywolf.toml"
DEFAULT = "default"
DEFAULT_BRANCH = "main"
LONGEST_QUARANTINE_S = 366 * 86_400
_LARGEST_BYTES = 4 * 1024 * 1024
_TABLES = (
    *("path_templates", "project", "pipeline", "environments", "services", "monorepo"),
    *("flow", "owner", "cause", "store", "limits"),
    *DASHBOARD_TABLES,
)
_STORE_KEYS = ("durable", "group", "network")
_PIPELINE_KEYS = ("name", "cadence", "shards", "timezone", "service", "path_template", "owner")
_MONOREPO_KEYS = ("repository", "path", "service")
_FLOW_KEYS = ("name", "tests", "criticality", "owner")
_CAUSE_KEYS = ("category", "pattern")
_OWNER_KEYS = ("owner", "tests", "environment", "pipeline")


@dataclass(frozen=True, slots=True)
class Settings:
    """The project's settings; without a file, the defaults."""

    path: Path | None = None
    """The file, None where there is none."""
    database: Path | None = None
    baseline_branch: str = DEFAULT_BRANCH
    actor: str | None = None
    jobs: int | None = None
    """Processes that ingest at most; None: as many as make it faster."""
    longest_quarantine_s: int = LONGEST_QUARANTINE_S
    path_templates: tuple[str, ...] = ()
    """Absolute, or starting with `**`."""
    pipelines: tuple[PipelineSettings, ...] = ()
    environment_aliases: tuple[tuple[str, str], ...] = ()
    """Sorted (alias, name) pairs."""
    service_aliases: tuple[tuple[str, str], ...] = ()
    monorepo: tuple[MonorepoRule, ...] = ()
    flows: tuple[Flow, ...] = ()
    owners: tuple[OwnerPattern, ...] = ()
    causes: tuple[CausePattern, ...] = ()
    durable: bool = False
    """Commits wait for the disk."""
    group: bool = False
    """People of the store's group may use it."""
    network: bool = False
    """The store may lie on a network file system."""
    limits: Limits = field(default_factory=Limits)
    dashboard: DashboardSettings = field(default_factory=DashboardSettings)
    """No answer depends on it."""
    given: frozenset[str] = frozenset()
    """The keys that the file sets; all others are defaults."""
    user_path: Path | None = None
    by_user: frozenset[str] = frozenset()
    """The keys that the person's own file sets (`ingest.settings_user`)."""

    def pipeline(self, name: str) -> PipelineSettings | None:
        """The declaration of a pipeline, None where it has none."""
        return next((pipeline for pipeline in self.pipelines if pipeline.name == name), None)

    def environment_name(self, name: str) -> str:
        """The name that an environment's alias stands for, else the name itself."""
        return dict(self.environment_aliases).get(name, name)

    def service_name(self, name: str) -> str:
        """The name that a service's alias stands for, else the name itself."""
        return dict(self.service_aliases).get(name, name)

    def service_of_file(self, repository: str | None, path: str) -> str | None:
        """The service that a file belongs to: the longest path wins, None where no rule fits."""
        fitting = [rule for rule in self.monorepo if rule.repository == repository and is_below(path, rule.path)]
        return max(fitting, key=lambda rule: len(rule.path)).service if fitting else None

    def flows_of(self, identity: str) -> tuple[Flow, ...]:
        """The journeys that a test case belongs to."""
        return tuple(flow for flow in self.flows if _matches_any(flow.tests, identity))

    def owner_of_test(self, identity: str) -> str | None:
        """The owner of a test case by these rules; the last that matches decides."""
        return next((rule.owner for rule in reversed(self.owners) if _matches_any(rule.tests, identity)), None)

    def owner_of_job(self, pipeline: str, environment: str) -> str | None:
        """The owner of an environment or pipeline by these rules, the last that matches, else the pipeline's own."""
        for rule in reversed(self.owners):
            if not rule.tests and _fits(rule.pipeline, pipeline) and _fits(rule.environment, environment):
                return rule.owner
        declared = self.pipeline(pipeline)
        return declared.owner if declared else None

    def identity_of_path(self, path: str) -> RunIdentity | None:
        """What an absolute path says of a run by the first template that fits, those of pipelines first."""
        from ingest.run_json import identity_from_path  # here: settings are read at every start

        for pipeline in self.pipelines:
            found = identity_from_path(pipeline.path_template, path) if pipeline.path_template else None
            if found is not None:
                return RunIdentity(pipeline=pipeline.name).over(found)
        attempts = (identity_from_path(template, path) for template in self.path_templates)
        return next((found for found in attempts if found is not None), None)


def find_settings(start: Path) -> Path | None:
    """The `crywolf.toml` of a folder or of the nearest folder above it."""
    here = start.absolute()
    for folder in (here, *here.parents):
        try:
            if (candidate := folder / FILE_NAME).is_file():
                return candidate
        except OSError:
            continue
    return None


def load_settings(path: Path) -> Settings:
    """The settings of a file.

    Raises:
        SettingsError: with the file, the key and the remedy.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from None
    return parse_settings(data, path)


def parse_settings(data: bytes, path: Path) -> Settings:
    """The settings in the bytes of a file.

    Args:
        path: of the file; relative paths in it are relative to its folder.

    Raises:
        SettingsError: with the file, the key and the remedy.
    """
    import tomllib  # here: most starts find no file

    if len(data) > _LARGEST_BYTES:
        raise SettingsError(f"{path}: larger than 4 MB, is it a settings file?")
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: no valid TOML: {str(error)[:200]}") from None
    return _settings(Reader(path, text), table)


def matches_pattern(pattern: str, text: str) -> bool:
    """Whether a pattern with `*` (anything) and `?` (one character) fits a whole text, regardless of case.

    >>> matches_pattern("*checkout*", "shop::com.acme.CheckoutIT::pays[visa]")
    True
    """
    return _compiled(pattern).fullmatch(text) is not None


def is_below(path: str, folder: str) -> bool:
    """Whether a file is a folder's, or is the path itself."""
    base = folder.strip("/")
    return not base or path == base or path.startswith(f"{base}/")


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A star takes the first place where what follows fits, so that no pattern takes more than quadratic time."""
    first, *rest = (re.escape(piece).replace(r"\?", ".") for piece in re.sub(r"\*+", "*", pattern).split("*"))
    if not rest:
        return re.compile(first, re.DOTALL | re.IGNORECASE)
    middle = "".join(f"(?>.*?{piece})" for piece in rest[:-1])
    return re.compile(f"{first}{middle}.*{rest[-1]}", re.DOTALL | re.IGNORECASE)


def _matches_any(patterns: tuple[str, ...], text: str) -> bool:
    return any(matches_pattern(pattern, text) for pattern in patterns)


def _fits(pattern: str | None, text: str) -> bool:
    return pattern is None or matches_pattern(pattern, text)


def _settings(reader: Reader, table: Table) -> Settings:
    """The settings of a parsed file."""
    reader.known(table, "", _TABLES)
    project = reader.table(table, "project", ("database", "baseline_branch", "actor", "jobs", "longest_quarantine"))
    pipelines = tuple(_pipeline(reader, key, row) for key, row in reader.tables(table, "pipeline", _PIPELINE_KEYS))
    reader.distinct("pipeline", [pipeline.name for pipeline in pipelines])
    durable, group, network = _store(reader, table)
    templates = (reader.template("path_templates", written) for written in reader.texts(table, "path_templates"))
    return Settings(
        path=reader.path,
        database=_database(reader, project),
        baseline_branch=reader.text(project, "project.baseline_branch") or DEFAULT_BRANCH,
        actor=reader.text(project, "project.actor"),
        jobs=reader.whole(project, "project.jobs"),
        longest_quarantine_s=reader.duration_s(project, "project.longest_quarantine") or LONGEST_QUARANTINE_S,
        path_templates=tuple(template for template in templates if template),
        pipelines=pipelines,
        environment_aliases=_aliases(reader, table, "environments"),
        service_aliases=_aliases(reader, table, "services"),
        monorepo=tuple(_monorepo(reader, key, row) for key, row in reader.tables(table, "monorepo", _MONOREPO_KEYS)),
        flows=tuple(_flow(reader, key, row) for key, row in reader.tables(table, "flow", _FLOW_KEYS)),
        owners=tuple(_owner(reader, key, row) for key, row in reader.tables(table, "owner", _OWNER_KEYS)),
        causes=tuple(_cause(reader, key, row) for key, row in reader.tables(table, "cause", _CAUSE_KEYS)),
        durable=durable,
        group=group,
        network=network,
        limits=_limits(reader, table),
        dashboard=read_dashboard(reader, table),
        given=frozenset(_given(table)),
    )


def _database(reader: Reader, project: Table) -> Path | None:
    written = reader.text(project, "project.database")
    if written is None:
        return None
    try:
        return reader.path.parent / Path(written).expanduser()
    except RuntimeError:
        reader.fail("project.database", "the home folder cannot be found, write the whole path")


def _pipeline(reader: Reader, key: str, row: Table) -> PipelineSettings:
    return PipelineSettings(
        name=reader.required(row, f"{key}.name"),
        cadence_s=reader.duration_s(row, f"{key}.cadence"),
        shards=reader.whole(row, f"{key}.shards"),
        timezone=reader.zone(row, f"{key}.timezone"),
        service=reader.text(row, f"{key}.service"),
        path_template=reader.template(f"{key}.path_template", reader.text(row, f"{key}.path_template")),
        owner=reader.text(row, f"{key}.owner"),
    )


def _monorepo(reader: Reader, key: str, row: Table) -> MonorepoRule:
    repository, path, service = (reader.required(row, f"{key}.{name}") for name in _MONOREPO_KEYS)
    return MonorepoRule(repository, path, service)


def _flow(reader: Reader, key: str, row: Table) -> Flow:
    tests = reader.texts(row, f"{key}.tests")
    if not tests:
        reader.fail(f"{key}.tests", "is missing: a flow is a set of tests")
    criticality = reader.criticality(row, f"{key}.criticality")
    return Flow(reader.required(row, f"{key}.name"), tests, criticality, reader.text(row, f"{key}.owner"))


def _owner(reader: Reader, key: str, row: Table) -> OwnerPattern:
    tests = reader.texts(row, f"{key}.tests")
    environment, pipeline = (reader.text(row, f"{key}.{name}") for name in ("environment", "pipeline"))
    if not (tests or environment or pipeline):
        reader.fail(key, "owns nothing: name tests, an environment or a pipeline")
    if tests and (environment or pipeline):
        reader.fail(key, "tests have one owner everywhere: put environment and pipeline into a rule of their own")
    return OwnerPattern(reader.required(row, f"{key}.owner"), tests, environment, pipeline)


def _cause(reader: Reader, key: str, row: Table) -> CausePattern:
    category, pattern = (reader.required(row, f"{key}.{name}") for name in _CAUSE_KEYS)
    try:
        re.compile(pattern)
    except re.error as problem:
        reader.fail(f"{key}.pattern", f"is no regular expression: {problem}")
    return CausePattern(category, pattern)


def _aliases(reader: Reader, table: Table, key: str) -> tuple[tuple[str, str], ...]:
    """(alias, name) pairs; a chain of aliases is followed to its end."""
    rows = reader.table(reader.table(table, key, ("aliases",)), f"{key}.aliases", None)
    names: dict[str, str] = {}
    for name, value in rows.items():
        place = f"{key}.aliases.{ascii(name)[1:-1][:80]}"
        if isinstance(value, str) and value.strip():
            names[name] = value
        elif isinstance(value, list) and all(isinstance(alias, str) and alias for alias in value):
            names.update((alias, name) for alias in value if alias != name)
        else:
            reader.fail(place, "must be the name that this alias stands for, or a list of aliases of this name")
    return tuple(sorted((alias, _end_of(reader, key, alias, names)) for alias in names))


def _end_of(reader: Reader, key: str, alias: str, names: Mapping[str, str]) -> str:
    seen = {alias}
    name = names[alias]
    while name in names:
        if name in seen:
            reader.fail(f"{key}.aliases.{ascii(alias)[1:-1][:80]}", "stands for itself")
        seen.add(name)
        name = names[name]
    return name


def _store(reader: Reader, table: Table) -> tuple[bool, ...]:
    row = reader.table(table, "store", _STORE_KEYS)
    return tuple(reader.yes(row, f"store.{name}") for name in _STORE_KEYS)


def _limits(reader: Reader, table: Table) -> Limits:
    names = tuple(limit.name for limit in fields(Limits))
    row = reader.table(table, "limits", names)
    given = {name: reader.whole(row, f"limits.{name}") for name in row}
    return Limits(**{name: value for name, value in given.items() if value is not None})


def _given(table: Table) -> Iterator[str]:
    """The keys of `describe` that a file sets."""
    for name, value in table.items():
        if name in ("project", "store", "limits"):
            yield from (f"{name}.{key}" for key in value)
        elif name in ("environments", "services"):
            yield f"{name}.aliases"
        elif name not in DASHBOARD_TABLES:
            yield name
    yield from given_keys(table)
