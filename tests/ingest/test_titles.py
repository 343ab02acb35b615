"""What a change contains: titles as people write them, files as repositories name them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.model import ChangeTarget, ContentKind
from ingest.titles import change_target, content_kind, is_test_path

CODE, DEPENDENCY, CONFIGURATION = ContentKind.CODE, ContentKind.DEPENDENCY, ContentKind.CONFIGURATION
MIGRATION, NO_OP = ContentKind.MIGRATION, ContentKind.NO_OP


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("feat(cart): add vouchers", CODE),
        ("feat(cart)!: require version on write", CODE),
        ("fix: do not retry twice", CODE),
        ("refactor(pay): split mapper", CODE),
        ("perf: cache balance", CODE),
        ("revert: roll back cart", CODE),
        ("chore(deps): bump netty-handler from 4.1.1 to 4.1.9", DEPENDENCY),
        ("build(deps-dev): update pytest to 9.0", DEPENDENCY),
        ("fix(deps): update dependency axios to v1.7", DEPENDENCY),
        ("Bump axios from 1.6.0 to 1.7.2 in /web", DEPENDENCY),
        ("Update dependency spring-boot to v4", DEPENDENCY),
        ("Bump the npm group with 3 updates", DEPENDENCY),
        ("config: raise http.read-timeout for cart", CONFIGURATION),
        ("config(pay): tune pool.max-size", CONFIGURATION),
        ("migration(pay): backfill entries.revision", MIGRATION),
        ("Add database migration for vouchers", MIGRATION),
        ("docs: describe refunds", NO_OP),
        ("style: sort imports", NO_OP),
        ("test(cart): steadier checkout", NO_OP),
        ("chore(ci): cache build of cart", NO_OP),
        ("chore: tidy", CODE),
        ("Update vouchers page", CODE),
        ("Merge pull request #12 from acme/deps", CODE),
        ("hotfix", CODE),
        ("", CODE),
    ],
)
def test_titles_alone(title: str, kind: ContentKind) -> None:
    """The conventional-commit type and scope, or the sentence of a bot."""
    assert content_kind(title) is kind


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (["src/main/java/com/acme/Cart.java"], CODE),
        (["app/handlers.py", "tests/test_handlers.py"], CODE),
        (["pom.xml"], DEPENDENCY),
        (["web/package.json", "web/package-lock.json"], DEPENDENCY),
        (["go.mod", "go.sum"], DEPENDENCY),
        (["requirements-dev.txt"], DEPENDENCY),
        (["Cargo.lock", "docs/a.md"], DEPENDENCY),
        (["deploy/helm/cart/values.yaml"], CONFIGURATION),
        (["services/cart/config/staging.yaml", "README.md"], CONFIGURATION),
        ([".env.staging"], CONFIGURATION),
        (["infra/main.tfvars"], CONFIGURATION),
        (["services/cart/db/migration/V41__entries.sql"], MIGRATION),
        (["db/migrate/20260301_add_vouchers.rb", "app/models/voucher.rb"], MIGRATION),
        (["alembic/versions/ab12_vouchers.py"], MIGRATION),
        (["app/migrations/0007_vouchers.py"], MIGRATION),
        (["README.md"], NO_OP),
        (["docs/cart/runbook.md", ".github/workflows/build.yml"], NO_OP),
        (["src/test/java/com/acme/CartIT.java"], NO_OP),
        ([".gitlab-ci.yml"], NO_OP),
        ([""], CODE),
        ([], CODE),
    ],
)
def test_files_alone(files: list[str], kind: ContentKind) -> None:
    """Names of files, without a title."""
    assert content_kind("", files) is kind


@pytest.mark.parametrize(
    ("title", "files", "kind"),
    [
        ("feat: describe refunds", ["README.md"], NO_OP),  # all files agree: they beat the title
        ("docs: typo", ["src/Cart.java"], CODE),
        ("feat: cart", ["pom.xml"], DEPENDENCY),
        ("chore(deps): bump netty", ["pom.xml", "src/Client.java"], DEPENDENCY),
        ("chore(deps): bump netty", ["src/Client.java"], DEPENDENCY),
        ("config: raise timeout", ["values.yaml", "src/Client.java"], CONFIGURATION),
        ("fix: timeouts", ["values.yaml", "README.md"], CONFIGURATION),
        ("docs: cart", ["README.md", "values.yaml"], NO_OP),
        ("style: sort", ["values.yaml", "pom.xml"], CONFIGURATION),
        ("chore: rename", ["README.md", "src/Cart.java"], CODE),
        ("feat: vouchers", ["db/migrate/1_vouchers.rb", "app/voucher.rb"], MIGRATION),
    ],
)
def test_titles_and_files(title: str, files: list[str], kind: ContentKind) -> None:
    """Files that agree decide; files that differ let the title choose among them."""
    assert content_kind(title, files) is kind


@pytest.mark.parametrize(
    "path",
    [
        "src/test/java/com/acme/journeys/CheckoutIT.java",
        "services/cart/src/it/java/com/acme/Helper.java",
        "src/integrationTest/kotlin/A.kt",
        "tests/checkout/test_pay.py",
        "test/data.json",
        "pkg/cart/cart_test.go",
        "web/src/__tests__/cart.tsx",
        "web/cart.spec.ts",
        "e2e/login.ts",
        "spec/models/cart_spec.rb",
        "features/checkout.feature",
        "suites/checkout.robot",
        "conftest.py",
        "CartTests.cs",
        "integration-tests/pom.xml",
    ],
)
def test_code_of_tests(path: str) -> None:
    """Folders and names that tests have in usual layouts."""
    assert is_test_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "src/main/java/com/acme/Cart.java",
        "src/main/java/com/acme/Contest.java",
        "app/latest/cart.py",
        "attest/a.py",
        "app/testimonials.py",
        "contests/a.rb",
        "docs/testing.md",
        "README.md",
        "",
    ],
)
def test_other_code(path: str) -> None:
    """Words that merely contain `test`."""
    assert not is_test_path(path)


def test_target() -> None:
    """A change alters the tests when every file is test code; without files it is the service's."""
    assert change_target(["tests/test_a.py", "src/test/resources/a.json"]) is ChangeTarget.TEST
    assert change_target(["tests/test_a.py", "src/a.py"]) is ChangeTarget.SERVICE
    assert change_target([]) is ChangeTarget.SERVICE
    assert change_target([""]) is ChangeTarget.SERVICE


@given(st.text("feat(deps):! /._-\n1aV", max_size=80), st.lists(st.text("ab/._-V1tesql", max_size=30), max_size=4))
def test_any_text_has_a_kind(title: str, files: list[str]) -> None:
    """Whatever is written, there is an answer, and the order of files does not change it."""
    assert content_kind(title, files) is content_kind(title, files[::-1])
    change_target(files)
