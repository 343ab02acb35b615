"""CODEOWNERS: the worked examples of both hosts' documentation, then what the documents leave open.

GitHub: docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/
about-code-owners. GitLab: docs.gitlab.com/user/project/codeowners/reference and /advanced.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.catalog.codeowners import (
    GITHUB,
    GITLAB,
    dialect_of,
    owners_of,
    parse,
    read,
)
from ingest.limits import Limits

REAL_FILES = Path(__file__).resolve().parents[4] / "shared" / "reports" / "codeowners"
needs_real_files = pytest.mark.skipif(
    not REAL_FILES.is_dir(), reason=f"no shared folder beside the checkout: {REAL_FILES}"
)

GITHUB_EXAMPLE = """\
# This is a comment.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/*  docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README", ("@global-owner1", "@global-owner2")),
        ("src/app.js", ("@js-owner",)),
        ("cmd/main.go", ("docs@example.com",)),
        ("notes/a.txt", ("@octo-org/octocats",)),
        ("build/logs/x/y.log", ("@octocat",)),  # **/logs comes later
        ("other/build/logs2/x.log", ("@global-owner1", "@global-owner2")),
        ("docs/getting-started.md", ("@doctocat",)),
        ("deeply/nested/logs/a", ("@octocat",)),
        ("scripts/run.sh", ("@doctocat", "@octocat")),
        ("web/apps/a.py", ("@octocat",)),
        ("apps/a.py", ("@octocat",)),
        ("apps/github/a.py", ()),
        ("apps/github", ()),
    ],
)
def test_github_example(path: str, owners: tuple[str, ...]) -> None:
    """The example of GitHub's page; the last match wins, a rule without owners un-owns."""
    assert owners_of(path, parse(GITHUB_EXAMPLE)) == owners


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("docs/*", ["docs/a.md"], ["docs/app/a.md", "x/docs/a.md"]),
        ("apps/", ["apps/a", "x/apps/a/b"], ["apps", "x/apps", "myapps/a"]),
        ("/apps/", ["apps/a/b"], ["x/apps/a"]),
        ("apps", ["apps", "apps/a", "x/apps/a"], ["apps2", "x/apps.md"]),
        ("a/b", ["a/b", "a/b/c"], ["x/a/b", "a/bc"]),
        ("*.js", ["a.js", "x/y/a.js"], ["a.jsx", "ajs"]),
        ("*", ["a", "a/b/.c"], []),
        ("/*", ["a"], ["a/b"]),
        ("**", ["a", "a/b"], []),
        ("/**", ["a", "a/b"], []),
        ("**/logs", ["logs/a", "a/b/logs/c", "logs"], ["logsx/a"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z/d"], ["z", "x/a/z"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "b/a/c"]),
        ("f?o", ["foo", "x/fxo"], ["fo", "f/o"]),
        ("src/*/test", ["src/a/test/x"], ["src/test", "src/a/b/test"]),
        (r"with\ space/", ["with space/a"], ["with/a"]),
        (r"a\*b", ["a*b"], ["axb"]),
        ("Docs/", ["Docs/a"], ["docs/a"]),
        ("/", [], ["a", "a/b"]),
    ],
)
def test_github_patterns(pattern: str, yes: list[str], no: list[str]) -> None:
    """gitignore's rules without negation and ranges: anchoring, directories, stars, escapes, case."""
    file = parse(f"{pattern} @x")
    assert [path for path in yes if owners_of(path, file) != ("@x",)] == []
    assert [path for path in no if owners_of(path, file)] == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("!a.md @x", "negated"),
        ("[ab].md @x", "ranges"),
        (r"\#a.md @x", "escaped #"),
        ("a.md x", "'x' is no"),
        ("a.md @x @", "'@' is no"),
        ("a.md @org/team/sub", "'@org/team/sub' is no"),
        ("a***b @x", "three stars"),
    ],
)
def test_github_skips_invalid_lines(line: str, why: str) -> None:
    """A line that GitHub does not take is skipped as a whole, its neighbours stay."""
    file = parse(f"* @all\n{line}\nz.md @z")
    assert [rule.pattern for rule in file.rules] == ["*", "z.md"]
    assert len(file.warnings) == 1
    assert "line 2" in file.warnings[0]
    assert why in file.warnings[0]
    assert owners_of("a.md", file) == ("@all",)


def test_github_comments() -> None:
    """A # behind white space starts a comment, also one that holds owners; inside a word it does not."""
    file = parse("a#b @x\n/c/ @y # @z\n  # d @z\n")
    assert [(rule.pattern, rule.owners, rule.line) for rule in file.rules] == [("a#b", ("@x",), 1), ("/c/", ("@y",), 2)]


def test_byte_order_mark_and_windows_lines() -> None:
    """An editor's byte order mark and carriage returns do not become part of a pattern."""
    assert parse("\ufeff*.py @py\r\n/x/\t@x\r\n").rules[0].pattern == "*.py"
    assert owners_of("x/a", parse("*.py @py\r\n/x/\t@x\r\n")) == ("@x",)


GITLAB_SECTIONS = """\
* @admin

[README Owners]
README.md @user1 @user2
internal/README.md @user4

[README other owners]
README.md @user3
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README.md", ("@admin", "@user1", "@user2", "@user3")),
        ("internal/README.md", ("@admin", "@user4", "@user3")),
        ("a.rb", ("@admin",)),
    ],
)
def test_gitlab_sections(path: str, owners: tuple[str, ...]) -> None:
    """reference, "Sections": last match in each section, sections united."""
    assert owners_of(path, parse(GITLAB_SECTIONS, GITLAB)) == owners


def test_gitlab_default_owners() -> None:
    """reference, "Set default Code Owner for a section"; advanced, "Regular entries and sections"."""
    file = parse(
        "* @general-approvers\n\n[Documentation] @docs-team\ndocs/\nREADME.md\n*.txt\n\n"
        "[Database] @database-team @agarcia\nmodel/db/\nconfig/db/database-setup.md @docs-team\n",
        GITLAB,
    )
    assert owners_of("docs/api/a.md", file) == ("@general-approvers", "@docs-team")
    assert owners_of("model/db/CHANGELOG.txt", file) == (
        "@general-approvers",
        "@docs-team",
        "@database-team",
        "@agarcia",
    )
    assert owners_of("config/db/database-setup.md", file) == ("@general-approvers", "@docs-team")


def test_gitlab_duplicate_sections() -> None:
    """advanced, "Sections with duplicate names": combined regardless of case, named as the first."""
    file = parse(
        "[Documentation]\nee/docs/ @docs\ndocs/ @docs\n[Database]\nREADME.md @database\nmodel/db/ @database\n"
        "[DOCUMENTATION]\nREADME.md @docs\n",
        GITLAB,
    )
    assert [rule.section for rule in file.rules] == ["Documentation"] * 2 + ["Database"] * 2 + ["Documentation"]
    assert owners_of("README.md", file) == ("@docs", "@database")


@pytest.mark.parametrize(
    ("header", "name", "is_optional", "owners"),
    [
        ("[Section name]", "Section name", False, ()),
        ("^[Optional section]", "Optional section", True, ()),
        ("[Section name][5]", "Section name", False, ()),
        ("[Section name] @username", "Section name", False, ("@username",)),
        ("[Section name][2] @group @group/sub", "Section name", False, ("@group", "@group/sub")),
        ("^[Go][2] @a", "Go", True, ("@a",)),
        ("[Double::Colon]", "Double::Colon", False, ()),
    ],
)
def test_gitlab_headings(header: str, name: str, is_optional: bool, owners: tuple[str, ...]) -> None:
    """reference, "Section headings and names"."""
    (rule,) = parse(f"{header}\na.md", GITLAB).rules
    assert (rule.section, rule.is_optional, rule.owners) == (name, is_optional, owners)


def test_gitlab_section_is_required_when_one_heading_is() -> None:
    """reference, "Optional sections": duplicated and not optional everywhere means required."""
    assert [r.is_optional for r in parse("^[A]\na @x\n[a]\nb @x\n^[B]\nc @x", GITLAB).rules] == [False, False, True]


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("/README.md", ["README.md"], ["docs/README.md"]),
        ("README.md", ["README.md", "internal/README.md", "app/lib/README.md"], ["README.mdx"]),
        ("internal/README.md", ["internal/README.md", "docs/api/internal/README.md"], ["README.md"]),
        ("/docs/", ["docs/a", "docs/a/b/.c"], ["docs", "x/docs/a"]),
        ("/docs/*.md", ["docs/a.md"], ["docs/a/b.md"]),
        ("/docs/index.*", ["docs/index.md", "docs/index.html"], ["docs/index"]),
        ("/docs/*spec*", ["docs/qa_specs.rb", "docs/spec_helpers.rb", "docs/runtime.spec"], ["docs/a/spec"]),
        ("/docs/*/README.md", ["docs/api/README.md"], ["docs/README.md", "docs/a/b/README.md"]),
        ("/docs/**/index.md", ["docs/index.md", "docs/api/index.md", "docs/api/graphql/index.md"], ["index.md"]),
        ("**/*.rb", ["config/database.rb", "app/controllers/users/stars_controller.rb", "a.rb"], ["a.rbx"]),
        ("/**/x", ["x", "a/b/x"], ["xa"]),
        ("docs", ["docs", "a/docs"], ["docs/a.md"]),  # only a trailing slash owns what is below
        ("foo/*", ["baz/foo/bar", "foo/bar"], ["fufoo/bar", "foo/a/b"]),
        ("*", ["a", ".gitignore", "a/b"], []),
        ("/*", ["a"], ["a/b"]),
        ("[[]a-c]?.rb", [], ["ax.rb"]),
        ("x[a-c].rb", ["xa.rb", "d/xb.rb"], ["xd.rb"]),
        ("x[!a-c].rb", ["xd.rb"], ["xa.rb", "x/.rb"]),
        ("x[a", [], ["xa", "x[a"]),
        (r"\#file.rb", ["#file.rb", "d/#file.rb"], ["file.rb"]),
        (r"path\ with\ spaces/", ["path with spaces/a/b"], ["path/a"]),
        ("Docs/", ["Docs/a"], ["docs/a"]),
        ("***/a", ["x/a"], ["x/y/z/b"]),
    ],
)
def test_gitlab_patterns(pattern: str, yes: list[str], no: list[str]) -> None:
    """reference, "Path matching"; advanced, "Pattern matching" (File::fnmatch with PATHNAME and DOTMATCH)."""
    file = parse(f"{pattern} @x", GITLAB)
    assert [path for path in yes if owners_of(path, file) != ("@x",)] == []
    assert [path for path in no if owners_of(path, file)] == []


GITLAB_EXCLUSIONS = """\
* @username
!pom.xml
[Ruby]
*.rb @ruby-team
!/config/**/*.rb
/config/routes.rb @ops    # has no effect
[Config]
/config/ @ops-team
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("pom.xml", ()),
        ("a/pom.xml", ()),
        ("a.rb", ("@username", "@ruby-team")),
        ("config/a/b.rb", ("@username", "@ops-team")),
        ("config/routes.rb", ("@username", "@ops-team")),
    ],
)
def test_gitlab_exclusions(path: str, owners: tuple[str, ...]) -> None:
    """reference, "Exclusion patterns": final, and for their section only."""
    assert owners_of(path, parse(GITLAB_EXCLUSIONS, GITLAB)) == owners


@pytest.mark.parametrize(
    ("written", "owners"),
    [
        ("@legal this does not match janedoe@gitlab.com", ("@legal", "janedoe@gitlab.com")),
        ("@group user_without_at_symbol @user_with_at_symbol", ("@group", "@user_with_at_symbol")),
        ("@@maintainer @@Developers @@nobody", ("@@maintainer", "@@Developers")),
        ("@group/with-nested/subgroup", ("@group/with-nested/subgroup",)),
        ("@root-docs  # Match @commented", ("@root-docs", "@commented")),  # inline comments are unsupported
        ("@multiple @owners\t@tab-separated", ("@multiple", "@owners", "@tab-separated")),
        ("nobody", ()),
    ],
)
def test_gitlab_owners(written: str, owners: tuple[str, ...]) -> None:
    """advanced, "Malformed owners"; reference, "Add a role as a Code Owner"."""
    assert parse(f"a.md {written}", GITLAB).rules[0].owners == owners


def test_gitlab_zero_owners() -> None:
    """advanced, "Zero owners": the entry counts and gives nobody, which is worth a warning."""
    file = parse("*.md @docs\nterms.md\n", GITLAB)
    assert owners_of("terms.md", file) == ()
    assert file.warnings == ("line 2: 'terms.md' has no owners",)


def test_gitlab_repeated_pattern() -> None:
    """An entry that is repeated in a section has the owners of its last and the rank of its first writing."""
    file = parse("*.rb @a\nx.rb @b\n*.rb @c\n", GITLAB)
    assert (owners_of("y.rb", file), owners_of("x.rb", file)) == (("@c",), ("@b",))


def test_gitlab_unparsable_section() -> None:
    """advanced, "Unparsable sections": the heading becomes an entry of the section before it."""
    file = parse("[Docs]\ndocs/**/* @group\n\n[Section name\ndocs/ @docs_group\n", GITLAB)
    assert [(rule.pattern, rule.section) for rule in file.rules] == [
        ("docs/**/*", "Docs"),
        ("[Section", "Docs"),
        ("docs/", "Docs"),
    ]


def test_dialect() -> None:
    """The folder decides, then section headings; a range of characters is no heading."""
    assert dialect_of("repo/.gitlab/CODEOWNERS") == GITLAB
    assert dialect_of(".github/CODEOWNERS", "[Docs]\n* @a") == GITHUB
    assert dialect_of("docs/CODEOWNERS", "* @a\n^[Docs][2] @b\n") == GITLAB
    assert dialect_of("CODEOWNERS", "[ab].rb @x\n# [Docs]\n") == GITHUB


@needs_real_files
def test_real_gitlab_file() -> None:
    """GitLab's own sectional example, as its tests read it."""
    data = REAL_FILES / "trunk-io_analytics-cli_codeowners_test_fixtures_gitlab_mixed_case_sectional_codeowners_example"
    file = read(data.read_bytes(), "CODEOWNERS", Limits())
    assert file.dialect == GITLAB
    assert list(dict.fromkeys(rule.section for rule in file.rules)) == [
        "",
        "Documentation",
        "Database",
        "Two Words",
        "Double::Colon",
        "DefaultOwners",
        "OverriddenOwners",
    ]
    assert owners_of("README.md", file) == ("@default-codeowner", "@gl-docs", "@gl-database", "@config-owner")
    assert owners_of("docs/index.md", file) == ("@root-docs",)
    assert owners_of("docs/projects/index.md", file) == ("@all-docs",)
    assert owners_of("examples/#file_with_pound.rb", file) == ("@owner-file-with-pound",)
    assert owners_of("path with spaces/docs.md", file) == ("@space-owner",)
    assert owners_of("CODEOWNERS", file) == ("@multiple", "@owners", "@tab-separated")
    assert owners_of("ee/lib/gitlab/git.rb", file) == ("@lib-owner",)
    assert owners_of("other/config/database.yml", file) == ("@default-codeowner",)


@needs_real_files
@pytest.mark.parametrize(
    ("name", "path", "owners"),
    [
        ("mozilla_treeherder_CODEOWNERS", "ui/perfherder/a.js", ("@beatrice-acasandrei", "@esanuandra")),
        ("mozilla_treeherder_CODEOWNERS", "docker-compose.yml", ("@mozilla/treeherder-admins",)),
        ("mozilla_treeherder_CODEOWNERS", "x/docker-compose.yml", ()),
        ("cdevents_spec_CODEOWNERS", "any/file.md", ("@cdevents/spec-maintainers",)),
        ("nextest-rs_nextest_.github_CODEOWNERS", ".github/workflows/ci.yml", ("@sunshowers",)),
        ("buildkite_docs_CODEOWNERS", "docs/pages/a.md", ("@gilesgas",)),
        ("buildkite_docs_CODEOWNERS", "README.md", ()),
    ],
)
def test_real_github_files(name: str, path: str, owners: tuple[str, ...]) -> None:
    """Files of public repositories."""
    assert owners_of(path, read((REAL_FILES / name).read_bytes(), ".github/CODEOWNERS", Limits())) == owners
