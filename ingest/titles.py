"""What a change contains, read from its title and the names of its files.

A name of a file is evidence, a title is a claim: where every file is of one kind, the files decide; where they differ
the title does, then the files again. `chore`, `build` and `release` claim nothing by themselves: their scope may.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ingest.model import ChangeTarget, ContentKind

_CONVENTIONAL = re.compile(
    r"\s*(?P<type>[A-Za-z][\w-]*)\s*(?:\((?P<scope>[^)]*)\))?\s*!?\s*:\s+(?P<text>.*)", re.DOTALL
)
_DEPENDENCY_SCOPE = re.compile(
    r"(?:^|[\s,/_-])(?:deps?|dependenc(?:y|ies)|deps-dev|renovate|vendor)(?:$|[\s,/_-])", re.I
)
_DEPENDENCY_TEXT = re.compile(
    r"^(?:bump|upgrade|update)\s+(?:the\s+)?(?:\S+\s+(?:from\s+\S+\s+)?to\s+v?\d|dependenc|.*\bdependenc|.*\bgroup\b.*\bupdates?\b)",
    re.IGNORECASE,
)
_MIGRATION_TEXT = re.compile(
    r"\b(?:(?:db|database|schema|data)\s+migrations?|migrat(?:e|ion)\s+(?:table|column|schema))", re.I
)
_TYPES = {
    ContentKind.CODE: ("feat", "feature", "fix", "bugfix", "hotfix", "refactor", "perf", "revert"),
    ContentKind.DEPENDENCY: ("deps", "dep", "dependency", "dependencies", "bump"),
    ContentKind.CONFIGURATION: ("config", "conf", "configuration", "cfg", "settings", "infra", "ops", "helm"),
    ContentKind.MIGRATION: ("migration", "migrations", "migrate", "db", "schema"),
    ContentKind.NO_OP: ("docs", "doc", "style", "test", "tests", "ci", "typo"),
}
_KIND_OF_TYPE = {word: kind for kind, words in _TYPES.items() for word in words}
_MANIFEST_NAMES = (
    "package.json package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lockb bun.lock deno.lock "
    "pom.xml build.gradle build.gradle.kts settings.gradle settings.gradle.kts gradle.lockfile libs.versions.toml "
    "buildscript-gradle.lockfile verification-metadata.xml gradle-wrapper.properties build.sbt "
    "pyproject.toml poetry.lock pdm.lock uv.lock pipfile pipfile.lock setup.cfg conda-lock.yml environment.yml "
    "go.mod go.sum go.work go.work.sum cargo.toml cargo.lock gemfile gemfile.lock composer.json composer.lock "
    "mix.exs mix.lock pubspec.yaml pubspec.lock packages.config packages.lock.json directory.packages.props "
    "paket.dependencies paket.lock podfile podfile.lock package.resolved chart.lock flake.lock renovate.json"
)
_MANIFESTS = frozenset(_MANIFEST_NAMES.split())
_PATH_CHARS = 500
"""The end of a path that is looked at, so that no path takes long."""
_MANIFEST_PATTERN = re.compile(
    r"(?:requirements|constraints)[\w.-]*\.(?:txt|in)|[\w.-]+\.gemspec|[\w.-]+\.lock(?:file)?"
)
_MIGRATION = re.compile(
    r"(?:^|/)(?:(?:db|database)/(?:migrate|migrations?)|migrations?|alembic/versions|flyway|liquibase|changelogs?/db)/"
    r"(?:.*/)?[^/]+\.(?:sql|py|rb|js|ts|php|java|kt|xml|ya?ml|ex|exs|cs|go)$"
    r"|(?:^|/)[VUR]\d*(?:[._]\d+)*__[^/]+\.(?:sql|java|kt)$"
    r"|(?:^|/)db/(?:schema\.rb|structure\.sql)$",
    re.IGNORECASE,
)
_CONFIGURATION = re.compile(
    r"\.(?:ya?ml|toml|ini|cfg|conf|config|properties|env|tfvars|hcl|json5?|plist)$"
    r"|(?:^|/)\.env(?:\.[\w-]+)?$|(?:^|/)(?:config|configs|conf|settings|environments?|helm|kustomize)/[^/]+\.(?:json|xml)$",
    re.IGNORECASE,
)
_NO_OP = re.compile(
    r"(?:^|/)docs?/|\.(?:md|mdx|rst|adoc|txt|png|svg|jpe?g|gif|drawio|puml)$"
    r"|(?:^|/)\.(?:github|gitlab|circleci|buildkite|vscode|idea|husky)/|(?:^|/)\.gitlab-ci\.ya?ml$|(?:^|/)jenkinsfile$"
    r"|(?:^|/)azure-pipelines[\w.-]*\.ya?ml$|(?:^|/)\.(?:gitignore|gitattributes|editorconfig|dockerignore|prettierrc\S*|eslintrc\S*|pre-commit-config\.ya?ml)$"
    r"|(?:^|/)(?:readme|changelog|changes|contributing|license|licence|notice|authors|codeowners|security|maintainers)(?:\.\w+)?$",
    re.IGNORECASE,
)
_TEST_DIRECTORY = re.compile(
    r"(?:^|/)(?:src/(?:test|it|testFixtures|(?:\w+)Test|androidTest)|tests?|__tests__|__mocks__|specs?|e2e|cypress|playwright|"
    r"testdata|test_data|integration[_-]?tests?|functional[_-]?tests?|acceptance[_-]?tests?|system[_-]?tests?|"
    r"smoke[_-]?tests?|[\w-]+[_-](?:tests?|e2e|it))/",
)
_TEST_FILE = re.compile(
    r"(?:^|/)(?:test_[^/]*\.py|[^/]*_test\.(?:py|go|rb|dart|exs|cc|cpp|c)|[^/]*_spec\.(?:rb|lua|js|ts)|conftest\.py"
    r"|[^/]*\.(?:test|spec|e2e|cy)\.[cm]?[jt]sx?|[^/]*(?:Test|Tests|IT|ITCase|TestCase|Spec|Steps)\.(?:java|kt|groovy|scala|cs|php|swift)"
    r"|Test[A-Z][^/]*\.(?:java|kt)|[^/]*\.feature|[^/]*\.robot)$"
)


def content_kind(title: str, files: Sequence[str] = ()) -> ContentKind:
    """What a change contains.

    All files of one kind: that kind, but code is a dependency's or a migration's where the title says so. A migration
    among others: a migration. Files of several kinds: the one of them that the title claims; else code where code is
    among them, else the kind that alters behaviour. No files: what the title claims, else code, which needs a look.

    >>> content_kind("fix(deps): bump netty from 4.1 to 4.2").value, content_kind("feat: x", ["README.md"]).value
    ('dependency', 'no-op')
    """
    kinds = {_file_kind(path[-_PATH_CHARS:]) for path in files if path}
    if len(kinds) == 1:
        only = next(iter(kinds))
        return _kind_of_code(title) if only is ContentKind.CODE else only
    if ContentKind.MIGRATION in kinds:
        return ContentKind.MIGRATION
    claimed = _title_kind(title)
    if not kinds or claimed in kinds:
        return claimed or ContentKind.CODE
    if ContentKind.CODE in kinds:
        return _kind_of_code(title)
    return ContentKind.CONFIGURATION if ContentKind.CONFIGURATION in kinds else ContentKind.DEPENDENCY


def is_test_path(path: str) -> bool:
    """Whether a file is code of tests: by its folder or by its name.

    >>> is_test_path("src/test/java/com/acme/PayIT.java"), is_test_path("src/main/java/com/acme/Pay.java")
    (True, False)
    """
    return _is_test_end(path[-_PATH_CHARS:])


def change_target(files: Iterable[str]) -> ChangeTarget:
    """The tests, where every file is test code; else the service, also when no file is known."""
    known = [path for path in files if path]
    return ChangeTarget.TEST if known and all(map(is_test_path, known)) else ChangeTarget.SERVICE


def _kind_of_code(title: str) -> ContentKind:
    """Of a change with code in it: a title can still say that the code serves an updated dependency or a migration."""
    claimed = _title_kind(title)
    return claimed if claimed in (ContentKind.DEPENDENCY, ContentKind.MIGRATION) else ContentKind.CODE


@lru_cache(maxsize=16_384)  # a service's files come again with every deploy
def _is_test_end(path: str) -> bool:
    return bool(_TEST_DIRECTORY.search(path) or _TEST_FILE.search(path))


@lru_cache(maxsize=16_384)
def _file_kind(path: str) -> ContentKind:
    name = path.rpartition("/")[2].lower()
    if _MIGRATION.search(path):
        return ContentKind.MIGRATION
    if name in _MANIFESTS or _MANIFEST_PATTERN.fullmatch(name):
        return ContentKind.DEPENDENCY
    if _NO_OP.search(path) or _is_test_end(path):
        return ContentKind.NO_OP
    return ContentKind.CONFIGURATION if _CONFIGURATION.search(path) else ContentKind.CODE


def _title_kind(title: str) -> ContentKind | None:
    """What a title claims; None where it claims nothing."""
    first_line = title.strip().partition("\n")[0][:500]
    found = _CONVENTIONAL.match(first_line)
    scope, text = (found["scope"] or "", found["text"]) if found else ("", first_line)
    if _DEPENDENCY_SCOPE.search(scope) or _DEPENDENCY_TEXT.match(text.strip()):
        return ContentKind.DEPENDENCY
    kind = _KIND_OF_TYPE.get(found["type"].lower()) if found else None
    if kind is not None:
        return kind
    if found and scope.lower() in _KIND_OF_TYPE:
        return _KIND_OF_TYPE[scope.lower()]
    return ContentKind.MIGRATION if _MIGRATION_TEXT.search(text) else None
