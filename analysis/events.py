"""One change that reached several services at once: a library, a platform's configuration, a commit of all of them.

Each deploy is recorded by itself, so what belongs together is told by what they say: the same commit, the same version
where it is no small number that two services may share by chance, one repository's deploy (`ID#service`), or the same
title of a dependency's or a configuration's change. All within half an hour. What is together is one hypothesis: it may
have broken one of the services, or all that they have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingest.model import Change, ChangeTarget, ContentKind

TOGETHER_MS = 30 * 60_000
LEAST_VERSION = 7
"""Characters of a version that two services do not share by chance: a commit's short id, a date."""
_SHARED = (ContentKind.DEPENDENCY, ContentKind.CONFIGURATION)


def group_changes(changes: Sequence[Change]) -> tuple[tuple[Change, ...], ...]:
    """Changes that belong together, each group in the order given; most groups hold one change."""
    groups: list[list[Change]] = []
    newest: dict[tuple[str, str], list[Change]] = {}
    for change in sorted(changes, key=lambda c: (c.at_ms, c.change_id)):
        keys = tuple(_keys(change))
        group = next((newest[key] for key in keys if key in newest and _belongs(change, newest[key])), None)
        if group is None:
            group = []
            groups.append(group)
        group.append(change)
        newest.update((key, group) for key in keys)
    place = {change.change_id: n for n, change in enumerate(changes)}
    ordered = (tuple(sorted(group, key=lambda c: place[c.change_id])) for group in groups)
    return tuple(sorted(ordered, key=lambda group: place[group[0].change_id]))


def what_is_shared(group: Sequence[Change]) -> str:
    """What the changes of a group have in common, as a person says it."""
    common = set(_keys(group[0])).intersection(*(_keys(change) for change in group[1:]))
    for kind in ("commit", "version", "deploy"):
        found = sorted(value for what, value in common if what == kind)
        if found:
            return f"the same {kind} {found[0][:12]}" if kind != "deploy" else "one deploy"
    return "the same change"


def _belongs(change: Change, group: Sequence[Change]) -> bool:
    is_near = change.at_ms - group[0].at_ms <= TOGETHER_MS
    return is_near and all(change.service != other.service for other in group)


def _keys(change: Change) -> Iterable[tuple[str, str]]:
    """What two changes of one event share, the most telling first."""
    if change.target is not ChangeTarget.SERVICE or not change.service:
        return
    base, found, _ = change.change_id.rpartition("#")
    if found:
        yield "deploy", base
    for commit in change.commits:
        yield "commit", commit.sha
    version = change.to_version or ""
    if len(version) >= LEAST_VERSION and any(char.isdigit() for char in version):
        yield "version", version
    if change.title and change.content in _SHARED:
        yield "title", change.title.casefold()
