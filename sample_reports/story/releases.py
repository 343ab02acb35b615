"""What was deployed in the three weeks, where and when.

`releases.txt` holds one a line. Times are `day hh:mm`, day 0 being the first; `web` and `search` are deployed by
GitHub, the others tell CDEvents.
"""

from __future__ import annotations

from pathlib import Path

from sample_reports.story.cast import ORGANISATION, PLAYERS, PREPROD, PURL, SERVICES, STAGING, SUFFIX
from sample_reports.story.dice import Dice
from sample_reports.story.records import Deploy, iso

GITHUB = ("web", "search")

_RELEASES = Path(__file__).with_name("releases.txt")
ROLLBACK = ("11 15:32", "inventory", "2.30.5", "2.31.0")
CONFIGURED = ("14 20:15", STAGING, "chore(ingress): renew the certificate of *.staging", "kwame.boateng")


def moment(origin: int, text: str) -> int:
    """Epoch seconds of `day hh:mm`.

    >>> moment(0, "1 00:30")
    88200
    """
    day, clock = text.split()
    hours, minutes = clock.split(":")
    return origin + int(day) * 86400 + int(hours) * 3600 + int(minutes) * 60


def releases(origin: int) -> list[Deploy]:
    """Everything that reached an environment, oldest first, the versions of the first day included."""
    out = _first_day(origin)
    for line in _RELEASES.read_text(encoding="utf-8").splitlines()[1:]:
        staging, preprod, what, title, author, files, size = (part.strip() for part in line.split("|"))
        service, version = what.split()
        dice = Dice("release", what)
        commit, added = dice.sha(), size.split("/")
        for environment, when in ((STAGING, staging), (PREPROD, preprod)):
            if when == "-":
                continue
            feed = "github" if service in GITHUB else "cdevents"
            at = moment(origin, when) + dice.below(50)
            ident = f"github:deployment:{2_240_000_000 + dice.below(90_000_000)}" if feed == "github" else dice.uuid()
            out.append(
                Deploy(
                    ident,
                    service,
                    environment,
                    at,
                    version,
                    title,
                    author,
                    commit,
                    _paths(service, files),
                    int(added[0]),
                    int(added[1]),
                    feed=feed,
                    started=at - 150 - dice.below(60) if feed == "github" else None,
                )
            )
    return sorted([*out, _rollback(origin), _environment(origin)], key=lambda d: (d.at, d.change_id))


def _first_day(origin: int) -> list[Deploy]:
    """What an export of the old deploy tool says: every service's version in both environments."""
    out = []
    for k, p in enumerate(SERVICES):
        for environment in (STAGING, PREPROD):
            dice = Dice("first", p.name, environment)
            at = moment(origin, "-2 08:00") + k * 5400 + dice.below(1800) + (1800 if environment == PREPROD else 0)
            out.append(Deploy("", p.name, environment, at, p.version, "", "", dice.sha(), kind="deployed", feed="csv"))
    return out


def _paths(service: str, files: str) -> tuple[str, ...]:
    root = f"services/{service}"
    if files.startswith(("config/", "db/")) or "." in files:
        return (f"{root}/{files}",)
    language = PLAYERS[service].language
    stem = f"src/main/java/shop/{service}/{files}" if language == "java" else f"src/{files}"
    return (f"{root}/{stem}.{SUFFIX[language]}",)


def _rollback(origin: int) -> Deploy:
    when, service, version, bad = ROLLBACK
    dice = Dice("rollback", service)
    title = f"revert(inventory): back to {version}, reservations of {bad} are lost"
    return Deploy(
        dice.uuid(),
        service,
        STAGING,
        moment(origin, when),
        version,
        title,
        "pavel.dvorak",
        dice.sha(),
        kind="rolledback",
    )


def _environment(origin: int) -> Deploy:
    when, environment, title, author = CONFIGURED
    dice = Dice("environment", environment)
    return Deploy(dice.uuid(), "", environment, moment(origin, when), "", title, author, dice.sha(), kind="modified")


def cdevent(d: Deploy) -> dict[str, object]:
    """The CDEvent of a deploy, a rollback or a changed environment."""
    about = "environment" if d.kind == "modified" else "service"
    details = {"title": d.title, "author": f"{d.author}@acme.example", "commit": d.commit}
    details |= {"url": f"https://git.{ORGANISATION}.example/{d.repository}/commit/{d.commit[:12]}"}
    free: dict[str, object] = {**details}
    if d.files:
        free |= {"files": list(d.files), "additions": d.additions, "deletions": d.deletions}
    content: dict[str, object] = {"name": d.environment, "uri": f"https://{d.environment}.acme.example"}
    if d.service:
        kind = PURL[PLAYERS[d.service].language] if d.service in PLAYERS else "generic"
        artifact = f"pkg:{kind}/{d.service}@{d.version}"
        content = {"environment": {"id": d.environment, "source": "/deployer"}, "artifactId": artifact}
    return {
        "context": {
            "specversion": "0.4.1",
            "id": d.change_id,
            "source": f"/deployer/{d.environment}",
            "type": f"dev.cdevents.{about}.{d.kind}.0.2.0",
            "timestamp": iso(d.at),
        },
        "subject": {"id": d.service or d.environment, "source": "/deployer", "type": about, "content": content},
        "customData": free,
        "customDataContentType": "application/json",
    }
