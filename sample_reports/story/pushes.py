"""Commits to the tests themselves, as GitHub's push webhook tells them; each starts a new revision of the journeys."""

from __future__ import annotations

from dataclasses import dataclass

from sample_reports.story.cast import JOURNEYS_ROOT, ORGANISATION, REPOSITORY, display
from sample_reports.story.dice import Dice
from sample_reports.story.records import iso
from sample_reports.story.releases import moment

_PUSHES = """
1 10:48 | test(journeys): wait for the slot instead of sleeping | jonas.weber | checkout/DeliverySlotIT.java
4 13:20 | test(journeys): cover coupons that expire | sam.okafor | cart/CouponStackIT.java
6 15:12 | test(journeys): wait for the greeting card | ines.moreau | checkout/GiftOptionsIT.java
8 09:40 | test(journeys): read stock by warehouse | pavel.dvorak | stock/TransferIT.java
12 11:18 | test(journeys): refuse weak passwords | aiko.mori | account/SignUpIT.java
13 14:34 | refactor(journeys): one client for orders | lucia.ferreira | account/OrderHistoryIT.java
15 12:06 | test(journeys): grouped notices | ines.moreau | messages/PushIT.java
19 16:10 | test(journeys): exchange for another size | greta.lind | returns/ExchangeIT.java
"""


@dataclass(frozen=True, slots=True)
class Push:
    """A push to the baseline branch."""

    sha: str
    before: str
    at: int
    title: str
    author: str
    files: tuple[str, ...]
    repository: str = REPOSITORY


def pushes(origin: int) -> list[Push]:
    """All pushes, oldest first."""
    before = Dice("push", "first").sha()
    out = []
    for line in _PUSHES.strip().splitlines():
        when, title, author, path = (part.strip() for part in line.split("|"))
        sha = Dice("push", title).sha()
        out.append(Push(sha, before, moment(origin, when), title, author, (f"{JOURNEYS_ROOT}/{path}",)))
        before = sha
    return out


def revision_at(known: list[Push], at: int) -> str:
    """Revision of the journeys at a moment."""
    revision = known[0].before
    for push in known:
        if push.at <= at:
            revision = push.sha
    return revision


def webhook(push: Push) -> dict[str, object]:
    """GitHub's payload."""
    home = f"https://github.com/{ORGANISATION}/{push.repository}"
    person = {"name": display(push.author), "username": push.author.replace(".", "-")}
    commit = {
        "id": push.sha,
        "tree_id": Dice("tree", push.sha).sha(),
        "distinct": True,
        "message": push.title,
        "timestamp": iso(push.at),
        "url": f"{home}/commit/{push.sha}",
        "author": person,
        "committer": person,
        "added": [],
        "removed": [],
        "modified": list(push.files),
    }
    return {
        "ref": "refs/heads/main",
        "before": push.before,
        "after": push.sha,
        "created": False,
        "deleted": False,
        "forced": False,
        "compare": f"{home}/compare/{push.before[:12]}...{push.sha[:12]}",
        "commits": [commit],
        "head_commit": commit,
        "repository": {
            "name": push.repository,
            "full_name": f"{ORGANISATION}/{push.repository}",
            "html_url": home,
            "default_branch": "main",
        },
        "pusher": {"name": push.author.replace(".", "-")},
    }
