"""A freight company: services, deploys, pushes and test cases of the awkward week."""

from __future__ import annotations

from dataclasses import dataclass

from sample_reports.story.dice import Dice
from sample_reports.story.pushes import Push
from sample_reports.story.records import Case, Deploy
from sample_reports.story.releases import moment

REPOSITORY = "freight"
STAGING, PREPROD = "staging", "preprod"
SUITES_ROOT = "journeys/src/test/java/freight/journeys"

SERVICES: dict[str, tuple[str, tuple[str, ...]]] = {
    "portal": ("harbour", ("identity", "parcels", "quotes")),
    "identity": ("harbour", ()),
    "parcels": ("sorters", ("labels", "routes")),
    "labels": ("sorters", ()),
    "quotes": ("tellers", ("tariffs",)),
    "tariffs": ("tellers", ()),
    "customs": ("tellers", ()),
    "routes": ("drivers", ("geocoder",)),
    "geocoder": ("drivers", ()),
    "scans": ("sorters", ("parcels",)),
    "depot": ("drivers", ()),
    "backhaul": ("sorters", ("parcels",)),
}
"""Service -> (team, services that it calls)."""
NOT_IN_CATALOG = "beacon"
WITHOUT_FEED = "geocoder"
TEAMS = ("harbour", "sorters", "tellers", "drivers")
PEOPLE = ("olga.brandt", "remy.dubois", "tariq.nasser", "wanda.kowal")

_DEPLOYS = """
1 19:30 | quotes 3.3.1 | fix(quotes): round weights up | quotes/Weight
2 14:05 | labels 4.3.0 | feat(labels): one sheet a pallet | labels/Sheet
2 14:05 | parcels 5.1.0 | feat(labels): one sheet a pallet | parcels/Pallet
3 06:40 | tariffs 1.9.1 | fix(tariffs): zone of islands | tariffs/Zones
3 10:10 | labels 4.3.1 | fix(labels): keep the sheet's order | labels/Sheet
3 12:20 | depot 8.1.0 | feat(depot): gates by weight | depot/Gates
3 17:40 | portal 2.4.0 | feat(portal): vector map | portal/VectorMap
4 09:50 | customs 2.0.0 | feat(customs)!: new declaration form | customs/Declaration
4 11:50 | beacon 0.4.0 | feat(beacon): binary frames | beacon/Frame
5 05:00 | beacon 0.4.1 | fix(beacon): length of binary frames | beacon/Frame
5 09:30 | parcels 5.2.0 | perf(parcels): merge in the database | parcels/Merger
5 14:00 | backhaul 1.6.0 | feat(backhaul): courier of a second brand | backhaul/Courier
5 20:00 | depot 8.1.1 | fix(depot): gates by weight, again | depot/Gates
6 08:05 | identity 3.0.0 | feat(identity)!: issuer under the new domain | identity/Issuer
"""
_TOGETHER = ("labels 4.3.0", "parcels 5.1.0")
"""One commit of the monorepo, deployed as two services."""

_CASES = """
portal MapIT | portal | draws_depot_map zooms_to_parcel
portal ListIT | portal | filters_parcel_list sorts_parcel_list
sorting IntakeIT | parcels | registers_parcel rejects_overweight
sorting StackIT | parcels | stacks_by_size counts_layers
sorting MergeIT | parcels | merges_parcels splits_consignment
sorting ExitIT | parcels | closes_container seals_container
pricing QuoteIT | quotes | quotes_domestic quotes_bulk
pricing ExpressIT | quotes tariffs | quotes_express
routing RouteIT | routes | plans_route plans_shortest_route avoids_ferries splits_tour
routing AddressIT | routes geocoder | geocodes_address geocodes_postbox snaps_to_road
tracking FrameIT | beacon | reads_frame reads_long_frame
shipping SheetIT | labels | prints_sheet reprints_sheet numbers_sheets
shipping PalletIT | parcels | builds_pallet weighs_pallet wraps_pallet
scanning ScanIT | scans | scans_pallet scans_single_parcel
scanning HandheldIT | scans | pairs_handheld unpairs_handheld
yard EarlyIT | depot | opens_gate assigns_dock
yard MiddleIT | depot | counts_trailers
yard LateIT | depot | closes_gate weighs_truck
backhaul CourierIT | backhaul parcels | collected_by_courier
backhaul CounterIT | backhaul parcels | handed_in_at_counter refunds_postage
border DeclarationIT | customs | declares_goods
border HoldIT | customs | holds_suspicious_goods releases_after_check
audit NightIT | parcels | balances_the_day finds_no_orphans
"""
_UNITS = "prints_zpl prints_pdf wraps_long_names escapes_barcodes"


@dataclass(frozen=True, slots=True)
class Scenery:
    """Changes of the week."""

    deploys: list[Deploy]
    pushes: list[Push]


def scenery(origin: int) -> Scenery:
    """Everything that changed, oldest first."""
    out = [*_first_day(origin), _rollback(origin)]
    for line in _DEPLOYS.strip().splitlines():
        when, what, title, stem = (part.strip() for part in line.split("|"))
        service, version = what.split()
        dice = Dice("awkward", what)
        ident = dice.uuid()
        commit = Dice("awkward", "together").sha() if what in _TOGETHER else dice.sha()
        at = moment(origin, when) + (30 if what == _TOGETHER[1] else 0)
        file = source(stem)
        person = PEOPLE[dice.below(len(PEOPLE))]
        out.append(
            Deploy(ident, service, STAGING, at, version, title, person, commit, (file,), 80, 20, repository=REPOSITORY)
        )
    return Scenery(sorted(out, key=lambda d: (d.at, d.change_id)), _pushes(origin))


def source(stem: str) -> str:
    """Path of a class of a service in the monorepo.

    >>> source("depot/Gates")
    'services/depot/src/main/java/freight/depot/Gates.java'
    """
    return f"services/{stem.split('/')[0]}/src/main/java/freight/{stem}.java"


def _first_day(origin: int) -> list[Deploy]:
    out = []
    for environment in (STAGING, PREPROD):
        for k, service in enumerate([s for s in SERVICES if s != WITHOUT_FEED] + [NOT_IN_CATALOG]):
            dice = Dice("awkward-first", service, environment)
            at = moment(origin, "-1 09:00") + k * 900
            title, person = f"feat({service}): first of the week", PEOPLE[dice.below(len(PEOPLE))]
            version = {"depot": "8.0.2", "identity": "2.9.3"}.get(service, "1.0.0")
            deploy = Deploy(dice.uuid(), service, environment, at, version, title, person, dice.sha(), kind="deployed")
            out.append(deploy)
    return out


def _rollback(origin: int) -> Deploy:
    dice, title = Dice("awkward-rollback"), "revert(depot): gates by weight"
    at = moment(origin, "4 20:00")
    return Deploy(dice.uuid(), "depot", STAGING, at, "8.0.2", title, PEOPLE[0], dice.sha(), kind="rolledback")


def _pushes(origin: int) -> list[Push]:
    """A rename in the tests, a mistake in the tests, and the commit that two services were deployed from."""
    first = Dice("awkward-push", 0).sha()
    together = Dice("awkward", "together").sha()
    together_files = (source("labels/Sheet"), source("parcels/Pallet"))
    rows = (
        ("2 13:20", together, "feat(labels): one sheet a pallet", PEOPLE[1], together_files),
        ("3 08:50", Dice("awkward-push", 1).sha(), "test: say which route is meant", PEOPLE[2], ("routing/RouteIT",)),
        (
            "4 15:40",
            Dice("awkward-push", 2).sha(),
            "test: pallets from the new fixture",
            PEOPLE[3],
            ("scanning/ScanIT",),
        ),
    )
    out: list[Push] = []
    for when, sha, title, person, files in rows:
        paths = tuple(f if f.startswith("services/") else f"{SUITES_ROOT}/{f}.java" for f in files)
        out.append(Push(sha, out[-1].sha if out else first, moment(origin, when), title, person, paths, REPOSITORY))
    return out


def suite_revision(pushes: list[Push], at: int) -> str:
    """Revision of the journeys: the last push that touched them."""
    revision = Dice("awkward-push", 0).sha()
    for push in pushes:
        if push.at <= at and push.files[0].startswith(SUITES_ROOT):
            revision = push.sha
    return revision


def cases(*areas: str) -> list[Case]:
    """Test cases of some areas, in the order of the table."""
    out = []
    for line in _CASES.strip().splitlines():
        left, peers, names = (part.strip() for part in line.split("|"))
        area, simple = left.split()
        if area not in areas:
            continue
        for name in names.split():
            file = f"{SUITES_ROOT}/{area}/{simple}.java"
            seconds = round(Dice("awkward-cost", name).between(1, 9), 3)
            out.append(Case(f"freight.journeys.{area}.{simple}", name, file, tuple(peers.split()), seconds))
    return out


def unit_cases() -> list[Case]:
    """Tests of the labels service itself."""
    file = "services/labels/src/test/java/freight/labels/PrinterTest.java"
    return [Case("freight.labels.PrinterTest", name, file, (), 0.2) for name in _UNITS.split()]


def smoke_cases() -> list[Case]:
    """Twenty tests that all sign in first."""
    file = f"{SUITES_ROOT}/smoke/SmokeIT.java"
    pages = ["home", "parcels", "quotes", "routes", "depots", "drivers", "trucks", "claims", "invoices", "reports"]
    names = [f"{verb}_{page}_page" for page in pages for verb in ("opens", "prints")]
    return [Case("freight.journeys.smoke.SmokeIT", n, file, ("portal", "identity"), 1.5) for n in names]


def names() -> list[str]:
    """Every name that `permute` replaces."""
    out = {*SERVICES, NOT_IN_CATALOG, *TEAMS, REPOSITORY, STAGING, PREPROD, "acme", "journeys", "smoke", "inbox"}
    out |= {part for person in PEOPLE for part in person.split(".")}
    areas = [line.split()[0] for line in _CASES.strip().splitlines()]
    for case in (*cases(*areas), *unit_cases(), *smoke_cases()):
        out |= {case.name, case.classname.rsplit(".", 1)[-1]}
    return sorted(out | set(areas) | {"tracks_parcel", "connects_to_scanner", "reads_snapshot"})


def catalog() -> str:
    """Backstage catalog; one service is not in it."""
    documents = []
    for name, (team, calls) in SERVICES.items():
        lines = ["apiVersion: backstage.io/v1alpha1", "kind: Component", "metadata:", f"  name: {name}", "spec:"]
        lines += ["  type: service", "  lifecycle: production", f"  owner: {team}"]
        documents.append(
            "\n".join([*lines, "  dependsOn:", *(f"    - component:{c}" for c in calls)] if calls else lines)
        )
    for team in TEAMS:
        lines = ["apiVersion: backstage.io/v1alpha1", "kind: Group", "metadata:", f"  name: {team}"]
        documents.append("\n".join([*lines, "spec:", "  type: team", "  children: []"]))
    return "\n---\n".join(documents) + "\n"


def codeowners() -> str:
    """Every area has one team; services have their own."""
    lines = [
        "* @acme/harbour",
        "/journeys/ @acme/sorters",
        *(f"/services/{s}/ @acme/{t}" for s, (t, _) in SERVICES.items()),
    ]
    return "\n".join(lines) + "\n"


def config() -> str:
    """`crywolf.toml`: cadences, a zone, shards, and which path of the monorepo is which service."""
    lines = ["[project]", 'baseline_branch = "main"', ""]
    lines += ["[[pipeline]]", 'name = "border-legacy"', 'timezone = "Asia/Kolkata"', 'cadence = "6h"', ""]
    lines += ["[[pipeline]]", 'name = "sorting-sharded"', "shards = 4", 'cadence = "8h"', ""]
    for service in SERVICES:
        lines += ["[[monorepo]]", f'repository = "{REPOSITORY}"', f'path = "services/{service}/"']
        lines += [f'service = "{service}"', ""]
    return "\n".join(lines)
