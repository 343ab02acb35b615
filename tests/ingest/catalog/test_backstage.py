"""Backstage catalogs: entities, references, what is missing, and documents that are broken or hostile.

Descriptor format: backstage.io/docs/features/software-catalog/descriptor-format.
"""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.catalog.backstage import EntityRef, parse_ref, read, resolve_apis
from ingest.errors import NotKnown, Refused
from ingest.limits import Limits
from ingest.model import Catalog, Service

HEAD = "apiVersion: backstage.io/v1alpha1\n"


def catalog(*documents: str) -> Catalog:
    """The catalog of documents, each without its apiVersion."""
    return read("\n---\n".join(HEAD + document for document in documents).encode(), Limits())


def component(name: str, spec: str = "") -> str:
    """A component with an owner and more lines of its spec."""
    return f"kind: Component\nmetadata: {{name: {name}}}\nspec:\n  type: service\n  owner: team-a\n{spec}"


def test_descriptor_example() -> None:
    """The component of the descriptor format's page, with its annotations and relations."""
    found = catalog(
        "kind: Component\nmetadata:\n  name: artist-web\n  title: Artist Web\n  annotations:\n"
        "    backstage.io/source-location: url:https://git.acme.example/artist-web/\n"
        "spec:\n  type: website\n  lifecycle: production\n  owner: group:default/artist-relations-team\n"
        "  system: public-websites\n  dependsOn:\n    - resource:default/artists-db\n    - component:artist-lookup\n"
        "  providesApis: [artist-api]\n  consumesApis: [default/play-api]\n",
        "kind: Group\nmetadata: {name: artist-relations-team}\nspec: {type: team, children: []}",
    )
    assert found.teams == ("artist-relations-team",)
    assert found.services == (
        Service(
            name="artist-web",
            owner="artist-relations-team",
            depends_on=("artists-db", "artist-lookup"),
            title="Artist Web",
            system="public-websites",
            kind="website",
            provides_apis=("artist-api",),
            consumes_apis=("play-api",),
            source_location="url:https://git.acme.example/artist-web/",
        ),
    )


def test_apis_are_resolved_to_their_providers() -> None:
    """Consuming an API is depending on the component that provides it, never on oneself."""
    found = catalog(
        component("cart", "  consumesApis: [Pay-API, own]\n  providesApis: [own]\n  dependsOn: ['api:default/price']"),
        component("pay", "  providesApis: [api:default/pay-api]\n"),
        component("pricing", "  providesApis: [price]\n"),
    )
    assert {service.name: service.depends_on for service in found.services} == {
        "cart": ("pay", "pricing"),
        "pay": (),
        "pricing": (),
    }


def test_apis_are_resolved_over_several_files() -> None:
    """What one file cannot know stays on the service and is resolved later."""
    cart = catalog(component("cart", "  consumesApis: [pay-api]\n")).services
    pay = catalog(component("pay", "  providesApis: [pay-api]\n")).services
    assert cart[0].depends_on == ()
    assert resolve_apis(cart + pay)[0].depends_on == ("pay",)


def test_dependency_of_turns_the_arrow() -> None:
    """`dependencyOf` is the other end of `dependsOn`; where that end is elsewhere, it is said."""
    found = catalog(
        component("cart"), component("db", "  dependencyOf: ['component:default/Cart', 'component:other']\n")
    )
    assert found.services[0].depends_on == ("db",)
    assert found.warnings == ("line 9: component db: dependencyOf names other, which is not in this file",)


def test_owner_comes_from_the_system() -> None:
    """A component without an owner has its system's; without any it is unowned and said to be."""
    found = catalog(
        "kind: Component\nmetadata: {name: cart}\nspec: {type: service, system: shop}",
        "kind: Component\nmetadata: {name: lone}\nspec: {type: service}",
        "kind: System\nmetadata: {name: shop}\nspec: {owner: 'user:default/jane.doe'}",
        "kind: Resource\nmetadata: {name: db}\nspec: {type: database, owner: dba}",
    )
    assert {service.name: service.owner for service in found.services} == {
        "cart": "jane.doe",
        "lone": None,
        "db": "dba",
    }
    assert found.services[2].kind == "resource"
    assert found.warnings == ("line 6: component lone: has no owner",)


@pytest.mark.parametrize(
    ("written", "ref"),
    [
        ("cart", EntityRef("component", "default", "cart")),
        ("component:cart", EntityRef("component", "default", "cart")),
        ("Component:Shop/Cart", EntityRef("component", "shop", "Cart")),
        ("shop/cart", EntityRef("component", "shop", "cart")),
        ({"kind": "API", "name": "x"}, EntityRef("api", "default", "x")),
        ("", None),
        (":x", None),
        ("/x", None),
        ("component:", None),
        (["x"], None),
        (None, None),
    ],
)
def test_references(written: object, ref: EntityRef | None) -> None:
    """`[kind:][namespace/]name`, or an object."""
    assert parse_ref(written, "component") == ref


def test_one_bad_document_among_several() -> None:
    """A broken document is a warning with its line; the others are in."""
    found = catalog(component("cart"), "kind: [", "kind: Component\nmetadata: {}", component("pay"))
    assert [service.name for service in found.services] == ["cart", "pay"]
    assert [warning.partition(":")[0] for warning in found.warnings] == ["line 11", "line 12"]
    assert "no valid YAML" in found.warnings[0]
    assert "metadata.name" in found.warnings[1]


def test_what_is_not_used_is_said() -> None:
    """Locations are not followed, other kinds and foreign documents are ignored, each with a warning."""
    found = catalog(
        component("cart", "  dependsOn: [{}, 'component:pay']\n  consumesApis: pay-api\n"),
        "kind: Location\nmetadata: {name: all}\nspec: {targets: [./a.yaml]}",
        "kind: Widget\nmetadata: {name: w}",
        "kind: Component\nmetadata: {name: '${{ values.name }}'}",
    )
    assert found.services[0].depends_on == ("pay",)
    text = "\n".join(found.warnings)
    for part in (
        "./a.yaml",
        "widget w is not used",
        "is a template",
        "entry 1 of dependsOn",
        "consumesApis is no list",
    ):
        assert part in text
    with pytest.raises(NotKnown):
        read(b"apiVersion: v1\nkind: Service\nmetadata: {name: x}\n", Limits())


def test_markers_directives_and_comments() -> None:
    """Documents are cut at their markers, wherever a comment or directive stands."""
    text = f"# top\n%YAML 1.2\n---  # first\n{HEAD}{component('a')}\n...\n---\n# nothing\n---\n{HEAD}{component('b')}"
    assert [service.name for service in read(text.encode(), Limits()).services] == ["a", "b"]


def test_scalars_stay_as_written() -> None:
    """Names that YAML would turn into numbers or dates are names."""
    found = catalog(component("1.10"), component("2026-01-01"), component("on"))
    assert [service.name for service in found.services] == ["1.10", "2026-01-01", "on"]


def test_anchors_and_merge_keys() -> None:
    """Ordinary aliases and `<<` work."""
    found = read(
        (
            f"{HEAD}kind: Component\nmetadata: {{name: a}}\nx: &x {{owner: team-x, type: worker}}\n"
            "spec:\n  <<: *x\n  type: service\n"
        ).encode(),
        Limits(),
    )
    assert (found.services[0].owner, found.services[0].kind) == ("team-x", "service")


def bomb() -> str:
    """A billion laughs."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join(['*' + a] * 10)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    return "\n".join(lines)


def merge_bomb() -> str:
    """The same through merge keys."""
    lines = ["a: &a {x: 1}"]
    lines += [f"{b}: &{b} {{<<: [{', '.join(['*' + a] * 10)}]}}" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "body",
    [bomb(), merge_bomb(), "a: " + "[" * 50_000, "a: " + "{b: " * 50_000, "- " * 50_000, "a: *b", "a: &a [*a]", "!!x"],
)
def test_hostile_yaml(body: str) -> None:
    """Bombs, depth and undefined aliases cost their document, quickly, and no other."""
    before = time.process_time()
    found = catalog(component("cart"), body)
    assert time.process_time() - before < 5
    assert [service.name for service in found.services] == ["cart"]
    assert len(found.warnings) == 1
    with pytest.raises(Refused):
        read((HEAD + body).encode(), Limits())


def test_tags_run_nothing() -> None:
    """A tag is ignored: nothing is constructed from it."""
    found = catalog("kind: Component\nmetadata: {name: !!python/object/apply:os.system ['false']}\n", component("b"))
    assert [service.name for service in found.services] == ["b"]


def test_limits() -> None:
    """A file over the limit is refused by its name."""
    with pytest.raises(Refused, match="document_bytes") as caught:
        read(b"x" * 100, Limits(document_bytes=10))
    assert caught.value.code == "too-large"


def test_names_twice() -> None:
    """Of two entities of one name the first counts."""
    found = catalog(component("a"), component("a"), "kind: Resource\nmetadata: {name: a}\nspec: {owner: z}")
    assert [service.owner for service in found.services] == ["team-a"]
    assert len(found.warnings) == 2


VALID = "\n---\n".join(
    HEAD + document for document in (component("cart", "  dependsOn: [pay]\n"), component("pay"), "kind: System")
).encode()


@settings(max_examples=200)
@given(st.integers(0, len(VALID)), st.binary(max_size=8), st.integers(0, 20))
def test_mutations_are_read_or_refused(at: int, inserted: bytes, cut: int) -> None:
    """Damaged catalogs are read, refused or not known, and nothing else."""
    for data in (VALID[:at] + inserted + VALID[at + cut :], b"apiVersion: backstage.io/\n" + inserted):
        try:
            read(data, Limits())
        except (Refused, NotKnown):
            continue
