"""What kind of cause a failure speaks of: the project's rules, then those of `tui/causes.toml`."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from analysis.causes import Cause, CauseRule, find_cause
from ingest.model import Failure
from ingest.settings import Settings

FILE_NAME = "causes.toml"


def cause_of(settings: Settings, title: str, failure: Failure) -> Cause:
    """The category of what a failure said, and the text that decided it.

    Args:
        title: of its signature.
    """
    own = tuple(CauseRule(rule.category, rule.pattern, origin="crywolf.toml") for rule in settings.causes)
    return find_cause((*own, *shipped_rules()), title, *failure)


@lru_cache(maxsize=1)
def shipped_rules() -> tuple[CauseRule, ...]:
    """The rules that come with crywolf, in their order."""
    import tomllib  # here: the first paint needs no rule

    table = tomllib.loads((files("tui") / FILE_NAME).read_text(encoding="utf-8"))
    return tuple(
        CauseRule(rule["category"], rule["pattern"], rule.get("last", False), FILE_NAME) for rule in table["cause"]
    )
