"""Backstage catalog files -> services, their owners and their dependencies.

Source: backstage.io/docs/features/software-catalog/descriptor-format (Component, API, System, Group, User, Resource,
Location) and .../references (`[kind:][namespace/]name`, compared without regard to case).

A component without an owner has the owner of its system. An API that is consumed stands for the components that
provide it, where the file names both; `resolve_apis` does the same over several files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ingest.catalog.yaml_documents import split_documents
from ingest.changes.fields import mapping, text
from ingest.changes.json_text import as_text
from ingest.errors import NotKnown, Refused
from ingest.limits import Limits
from ingest.model import Catalog, Service

_API_VERSION = "backstage.io/"
_SOURCE_LOCATION = "backstage.io/source-location"
_NODES = ("component", "resource")


class EntityRef(NamedTuple):
    """A reference to an entity: kind and namespace in lower case, the name as written."""

    kind: str
    namespace: str
    name: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What two references to one entity have in common."""
        return self.kind, self.namespace, self.name.lower()


class _Entity(NamedTuple):
    """One entity of the file."""

    ref: EntityRef
    line: int
    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]

    def __str__(self) -> str:
        return f"line {self.line}: {self.ref.kind} {self.ref.name[:100]}"


@dataclass(slots=True)
class _File:
    """All entities of a file, by what they are."""

    nodes: dict[tuple[str, str, str], _Entity] = field(default_factory=dict)
    systems: dict[tuple[str, str, str], _Entity] = field(default_factory=dict)
    teams: dict[str, None] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    entities: int = 0


def read(data: bytes, limits: Limits) -> Catalog:
    """What a catalog file declares.

    Raises:
        Refused: `too-large`, `empty-file`, `encoding`, `yaml-syntax` or `schema`: no document of it can be used.
        NotKnown: it is no Backstage catalog.
    """
    written = as_text(data, limits)
    if _API_VERSION not in written:
        raise NotKnown("no Backstage catalog: no document has an apiVersion of backstage.io")
    file = _File()
    first_problem: tuple[int, str] | None = None
    for document in split_documents(written, limits):
        problem = document.problem or _take(document.value, document.line, file)
        if problem:
            first_problem = first_problem or (document.line, problem)
            file.warnings.append(f"line {document.line}: {problem}")
    if not file.entities:
        raise _refusal(first_problem)
    services = _services(file)
    return Catalog(services, tuple(file.teams), tuple(dict.fromkeys(file.warnings)))


def parse_ref(value: Any, default_kind: str, namespace: str = "default") -> EntityRef | None:
    """A reference as text or object; None where it is neither.

    >>> parse_ref("group:default/team-money", "group").name
    'team-money'
    """
    fields = mapping(value)
    if fields:
        name = text(fields.get("name"))
        kind = text(fields.get("kind")) or default_kind
        found = EntityRef(kind.lower(), (text(fields.get("namespace")) or namespace).lower(), name)
        return found if name else None
    written = text(value)
    kind, colon, rest = written.rpartition(":")
    space, slash, name = rest.rpartition("/")
    if not name.strip() or (colon and not kind) or (slash and not space):
        return None
    return EntityRef((kind or default_kind).lower(), (space or namespace).lower(), name.strip())


def resolve_apis(services: Iterable[Service]) -> tuple[Service, ...]:
    """The services, each depending also on those that provide the APIs it consumes.

    Applied over several files it resolves what one file could not.
    """
    known = tuple(services)
    providers: dict[str, list[str]] = {}
    for service in known:
        for api in service.provides_apis:
            providers.setdefault(api.lower(), []).append(service.name)
    resolved = []
    for service in known:
        called = [name for api in service.consumes_apis for name in providers.get(api.lower(), ())]
        names = dict.fromkeys((*service.depends_on, *called))
        names.pop(service.name, None)
        resolved.append(replace(service, depends_on=tuple(names)))
    return tuple(resolved)


def _refusal(problem: tuple[int, str] | None) -> Refused | NotKnown:
    if problem is None:
        return NotKnown("no Backstage catalog: no document has an apiVersion of backstage.io")
    line, sentence = problem
    code = "yaml-syntax" if sentence.startswith("no valid YAML") else "schema"
    return Refused(code, f"no entity of the catalog can be read: {sentence}", line=line)


def _take(value: Any, line: int, file: _File) -> str:
    """Put an entity where it belongs; returns what is wrong with it."""
    document = mapping(value)
    if not document:
        return "the document is no mapping"
    kind = text(document.get("kind")).lower()
    version = text(document.get("apiVersion"))
    if not version.startswith(_API_VERSION):
        return f"{kind or 'document'} of {version[:100] or 'no apiVersion'} is no part of the catalog, ignored"
    metadata, spec = mapping(document.get("metadata")), mapping(document.get("spec"))
    name = text(metadata.get("name"))
    if not kind or (not name and kind != "location"):
        return f"{kind or 'entity'} has no {'metadata.name' if kind else 'kind'}"
    if "{{" in name:
        return f"{kind} {name[:100]} is a template, ignored"
    file.entities += 1
    namespace = text(metadata.get("namespace")).lower() or "default"
    return _place(_Entity(EntityRef(kind, namespace, name), line, metadata, spec), file)


def _place(entity: _Entity, file: _File) -> str:
    kind, name = entity.ref.kind, entity.ref.name
    if kind in _NODES:
        if entity.ref.key in file.nodes:
            return f"{kind} {name[:100]} is declared twice, the first counts"
        file.nodes[entity.ref.key] = entity
    elif kind == "system":
        file.systems.setdefault(entity.ref.key, entity)
    elif kind == "group":
        file.teams[name] = None
    elif kind == "location":
        targets = [text(entity.spec.get("target")), *map(text, _list(entity.spec.get("targets")))]
        return (
            f"location {name[:100]} is not followed, give its targets as well: {', '.join(filter(None, targets))[:300]}"
        )
    elif kind not in ("api", "user", "domain"):
        return f"{kind[:100]} {name[:100]} is not used"
    return ""


def _services(file: _File) -> tuple[Service, ...]:
    """Components and resources as services, dependencies resolved within the file."""
    called: dict[tuple[str, str, str], dict[str, None]] = {key: {} for key in file.nodes}
    api_calls: dict[tuple[str, str, str], list[str]] = {}
    for key, entity in file.nodes.items():
        for ref in _refs(entity, "dependsOn", "component", file.warnings.append):
            if ref.kind == "api":
                api_calls.setdefault(key, []).append(ref.name)
            elif ref.kind in _NODES:
                called[key][_name_of(ref, file)] = None
        for ref in _refs(entity, "dependencyOf", "component", file.warnings.append):
            if ref.key in called:
                called[ref.key][entity.ref.name] = None
            else:
                file.warnings.append(f"{entity}: dependencyOf names {ref.name[:100]}, which is not in this file")
    built = [_service(entity, called[key], api_calls.get(key, ()), file) for key, entity in file.nodes.items()]
    return resolve_apis(_unique(built, file))


def _service(entity: _Entity, called: Mapping[str, None], api_calls: Sequence[str], file: _File) -> Service:
    spec = entity.spec
    provides = [ref.name for ref in _refs(entity, "providesApis", "api", file.warnings.append)]
    consumes = [ref.name for ref in _refs(entity, "consumesApis", "api", file.warnings.append)]
    system = parse_ref(spec.get("system"), "system", entity.ref.namespace)
    owner = _owner(entity, system, file)
    if owner is None:
        file.warnings.append(f"{entity}: has no owner")
    is_resource = entity.ref.kind == "resource"
    return Service(
        name=entity.ref.name,
        owner=owner,
        depends_on=tuple(name for name in called if name != entity.ref.name),
        title=text(entity.metadata.get("title")),
        system=system.name if system else None,
        kind="resource" if is_resource else text(spec.get("type")) or "service",
        provides_apis=tuple(dict.fromkeys(provides)),
        consumes_apis=tuple(dict.fromkeys((*consumes, *api_calls))),
        source_location=text(mapping(entity.metadata.get("annotations")).get(_SOURCE_LOCATION)) or None,
    )


def _owner(entity: _Entity, system: EntityRef | None, file: _File) -> str | None:
    """The team or person that an entity names, else the one of its system."""
    sources = [entity]
    if system is not None and system.key in file.systems:
        sources.append(file.systems[system.key])
    for source in sources:
        if (ref := parse_ref(source.spec.get("owner"), "group")) is not None:
            return ref.name
    return None


def _refs(entity: _Entity, key: str, default_kind: str, warn: Callable[[str], None]) -> Iterator[EntityRef]:
    """The references of a list; what is none is warned about with its place."""
    value = entity.spec.get(key)
    if value is not None and not isinstance(value, list):
        warn(f"{entity}: {key} is no list")
    for number, item in enumerate(_list(value), 1):
        ref = parse_ref(item, default_kind, entity.ref.namespace)
        if ref is None:
            warn(f"{entity}: entry {number} of {key} is no entity reference")
        else:
            yield ref


def _name_of(ref: EntityRef, file: _File) -> str:
    """The name as the entity itself writes it, where it is in the file."""
    known = file.nodes.get(ref.key)
    return known.ref.name if known else ref.name


def _unique(services: Iterable[Service], file: _File) -> list[Service]:
    """One service a name: namespaces are not told apart, because change feeds do not name them."""
    by_name: dict[str, Service] = {}
    for service in services:
        if service.name in by_name:
            file.warnings.append(f"{service.name[:100]} is declared in two namespaces or kinds, the first counts")
        else:
            by_name[service.name] = service
    return list(by_name.values())


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
