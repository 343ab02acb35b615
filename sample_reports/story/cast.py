"""Who plays: services, teams, people, and the files that introduce them."""

from __future__ import annotations

from dataclasses import dataclass

ORGANISATION = "acme"
REPOSITORY = "shop"
STAGING, PREPROD = "staging", "preprod"
BRANCH = "main"


@dataclass(frozen=True, slots=True)
class Player:
    """A service: its team, language, version on the first day and what it calls."""

    name: str
    team: str
    language: str
    version: str
    calls: tuple[str, ...]
    purpose: str


SERVICES = (
    Player("web", "storefront", "typescript", "3.39.4", ("cart", "catalog", "search", "orders"), "Shop in the browser"),
    Player("mobile-bff", "storefront", "typescript", "2.11.0", ("cart", "catalog", "orders"), "Back end of the apps"),
    Player("cart", "basket", "typescript", "2.21.0", ("pricing", "inventory"), "Carts of guests and customers"),
    Player("pricing", "basket", "python", "1.18.1", ("catalog",), "Prices, discounts, taxes"),
    Player("orders", "basket", "java", "6.1.2", ("payments", "inventory", "mailer"), "Orders and their life cycle"),
    Player("payments", "tills", "java", "5.20.1", ("ledger", "vault"), "Charges and refunds"),
    Player("ledger", "tills", "java", "3.7.0", (), "Double-entry book of all money"),
    Player("vault", "tills", "java", "4.8.2", (), "Card tokens"),
    Player("catalog", "shelf", "java", "7.11.3", (), "Products and their texts"),
    Player("inventory", "shelf", "java", "2.30.4", (), "Stock and reservations"),
    Player("search", "shelf", "typescript", "0.25.9", ("catalog",), "Finding products"),
    Player("mailer", "groundwork", "python", "5.3.0", (), "Mail and push messages"),
)
PLAYERS = {p.name: p for p in SERVICES}

TEAMS = {
    "storefront": ("mira.patel", "jonas.weber", "aiko.mori"),
    "basket": ("tomas.novak", "lucia.ferreira", "sam.okafor"),
    "tills": ("greta.lind", "arjun.rao", "chloe.martin"),
    "shelf": ("pavel.dvorak", "nadia.haddad"),
    "groundwork": ("ines.moreau", "kwame.boateng", "yuki.tanaka"),
}

SUFFIX = {"java": "java", "typescript": "ts", "python": "py"}
PURL = {"java": "maven/acme", "typescript": "npm", "python": "pypi"}
JOURNEYS_ROOT = "journeys/src/test/java/shop/journeys"

_FLOWS = (
    ("checkout", "critical", ("CheckoutIT", "GuestCheckoutIT", "MobileCheckoutIT")),
    ("returns", "high", ("RefundIT", "ExchangeIT")),
    ("sign-up", "high", ("SignUpIT",)),
    ("discovery", "normal", ("SearchIT", "ProductPageIT")),
)


def display(person: str) -> str:
    """A person's name as commits spell it.

    >>> display("mira.patel")
    'Mira Patel'
    """
    return " ".join(part.capitalize() for part in person.split("."))


def callers_and_callees(service: str) -> set[str]:
    """The service and everything that it calls, directly or not."""
    found, rest = {service}, [service]
    while rest:
        for callee in PLAYERS[rest.pop()].calls:
            if callee not in found:
                found.add(callee)
                rest.append(callee)
    return found


def catalog() -> str:
    """Backstage catalog: one Component a service, one Group a team, a User a person."""
    documents = [_system()]
    for p in SERVICES:
        lines = ["apiVersion: backstage.io/v1alpha1", "kind: Component", "metadata:", f"  name: {p.name}"]
        lines += [f"  description: {p.purpose}", "  annotations:"]
        lines += [f"    backstage.io/source-location: url:https://git.acme.example/shop/tree/main/services/{p.name}/"]
        lines += ["spec:", f"  type: {'website' if p.name == 'web' else 'service'}", "  lifecycle: production"]
        lines += [f"  owner: group:default/{p.team}", "  system: shop"]
        lines += ["  dependsOn:", *(f"    - component:default/{c}" for c in p.calls)] if p.calls else []
        documents.append("\n".join(lines))
    for team, people in TEAMS.items():
        lines = ["apiVersion: backstage.io/v1alpha1", "kind: Group", "metadata:", f"  name: {team}", "spec:"]
        lines += ["  type: team", "  children: []", "  members:", *(f"    - {p}" for p in people)]
        documents.append("\n".join(lines))
        documents += [_user(person, team) for person in people]
    return "\n---\n".join(documents) + "\n"


def _system() -> str:
    lines = ["apiVersion: backstage.io/v1alpha1", "kind: System", "metadata:", "  name: shop"]
    return "\n".join([*lines, "spec:", "  owner: group:default/groundwork"])


def _user(person: str, team: str) -> str:
    lines = ["apiVersion: backstage.io/v1alpha1", "kind: User", "metadata:", f"  name: {person}", "spec:"]
    lines += ["  profile:", f"    displayName: {display(person)}", f"  memberOf: [{team}]"]
    return "\n".join(lines)


OWNER_RULES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("*", ("groundwork",)),
    ("/journeys/", ("groundwork",)),
    (f"/{JOURNEYS_ROOT}/checkout/", ("storefront",)),
    (f"/{JOURNEYS_ROOT}/returns/", ("tills", "basket")),
    (f"/{JOURNEYS_ROOT}/subscriptions/", ("tills",)),
    (f"/{JOURNEYS_ROOT}/cart/", ("basket",)),
    (f"/{JOURNEYS_ROOT}/stock/", ("shelf",)),
    (f"/{JOURNEYS_ROOT}/discovery/", ("shelf",)),
    (f"/{JOURNEYS_ROOT}/account/", ("storefront",)),
    (f"/{JOURNEYS_ROOT}/legacy/", ()),
    ("/journeys/playwright/", ("storefront",)),
    *((f"/services/{p.name}/", (p.team,)) for p in SERVICES),
)


def codeowners() -> str:
    """CODEOWNERS in GitHub's dialect; two teams share the returns journeys, nobody has the legacy ones."""
    lines = ["# The last matching pattern decides."]
    for pattern, teams in OWNER_RULES:
        lines.append(" ".join([pattern, *(f"@acme/{t}" for t in teams)]))
    return "\n".join(lines) + "\n"


def owners_of(file: str) -> list[str]:
    """Teams that CODEOWNERS names for a path; all patterns here are directories."""
    owners: tuple[str, ...] = ()
    for pattern, teams in OWNER_RULES:
        if pattern == "*" or f"/{file}".startswith(pattern):
            owners = teams
    return [f"@acme/{t}" for t in owners]


_PIPELINES = (
    ("journeys-hourly", "1h", "", "storefront"),
    ("journeys-nightly", "24h", "", "storefront"),
    ("payments-ci", "96h", "payments", "tills"),
    ("pricing-ci", "12h", "pricing", "basket"),
    ("web-ci", "96h", "web", "storefront"),
    ("search-ci", "96h", "search", "shelf"),
)
"""Name, how often a run is expected (weekends counted), whose it is, who looks after the job."""


def config() -> str:
    """`crywolf.toml` of the sample."""
    parts = [
        "# Settings of the sample: what the reports cannot say themselves.",
        f'[project]\nbaseline_branch = "{BRANCH}"\n',
    ]
    for name, cadence, service, owner in _PIPELINES:
        lines = ["[[pipeline]]", f'name = "{name}"', f'cadence = "{cadence}"', f'owner = "@acme/{owner}"']
        parts.append("\n".join([*lines, *([f'service = "{service}"'] if service else []), ""]))
    parts.append(f'[environments.aliases]\n{STAGING} = ["stage", "stg"]\n')
    parts.append('[services.aliases]\nmobile-bff = ["mobile-backend"]\n')
    for name, criticality, classes in _FLOWS:
        tests = ", ".join(f'"*.{c}::*"' for c in classes)
        parts.append(f'[[flow]]\nname = "{name}"\ncriticality = "{criticality}"\ntests = [{tests}]\n')
    for p in SERVICES:
        parts.append(f'[[monorepo]]\nrepository = "shop"\npath = "services/{p.name}/"\nservice = "{p.name}"\n')
    for environment in (STAGING, PREPROD):
        parts.append(f'[[owner]]\nenvironment = "{environment}"\nowner = "@acme/groundwork"\n')
    return "\n".join(parts)


def names() -> list[str]:
    """Every name of the cast."""
    people = [part for members in TEAMS.values() for person in members for part in person.split(".")]
    return [*PLAYERS, *TEAMS, *people, ORGANISATION, REPOSITORY, STAGING, PREPROD, "journeys", "sign-up"]
