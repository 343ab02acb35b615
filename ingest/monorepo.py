"""Which services a change of a repository of several services is about, by the `[[monorepo]]` rules.

A deployment that names no service of the repository, only the repository itself, is a change of each service whose
files it touches. One that names a service, and touches files of other services alone, changes nothing of it. Files that
no rule knows are shared by all and say nothing. A change without known files stays as it is.
"""

from __future__ import annotations

from dataclasses import replace

from ingest.model import Change, ChangeTarget, ContentKind
from ingest.settings import Settings


def changes_of_services(change: Change, settings: Settings) -> tuple[Change, ...]:
    """A change as the changes of single services that it is; ids of several are `ID#service`, sorted by service."""
    services = {rule.service for rule in settings.monorepo if rule.repository == change.repository}
    if not services or change.target is not ChangeTarget.SERVICE:
        return (change,)
    files = tuple(dict.fromkeys((*change.files, *(file for commit in change.commits for file in commit.files))))
    by_service: dict[str, list[str]] = {}
    for file in files:
        service = settings.service_of_file(change.repository, file)
        if service is not None:
            by_service.setdefault(service, []).append(file)
    shared = tuple(file for file in files if settings.service_of_file(change.repository, file) is None)
    if change.service in services:
        is_elsewhere = bool(by_service) and change.service not in by_service and not shared
        return (replace(change, content=ContentKind.NO_OP) if is_elsewhere else change,)
    if change.service not in ("", (change.repository or "").rpartition("/")[2]) or not by_service:
        return (change,)
    if len(by_service) == 1:
        return (replace(change, service=next(iter(by_service))),)
    return tuple(
        replace(
            change,
            change_id=f"{change.change_id}#{service}",
            service=service,
            files=(*by_service[service], *shared),
            additions=None,
            deletions=None,
        )
        for service in sorted(by_service)
    )
