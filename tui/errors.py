"""The errors a person sees, each with what to do next."""

from __future__ import annotations

from functools import partial
from typing import Any


class AnswerError(Exception):
    """Base: a question that cannot be answered as it was put."""


class PrunedAway(AnswerError):
    """What was asked for rests on results that were pruned."""


class NoMatch(AnswerError):
    """A name that matches nothing, or too much.

    Args:
        kind: what was looked for: `test`, `incident`, `service`.
        text: as the person wrote it.
        near: the nearest names, best first; all candidates when the text is ambiguous.
        is_ambiguous: more than one matches.
    """

    def __init__(self, kind: str, text: str, near: tuple[str, ...] = (), *, is_ambiguous: bool = False) -> None:
        self.kind, self.text, self.near, self.is_ambiguous = kind, text, near, is_ambiguous
        super().__init__(self._sentence())

    def __reduce__(self) -> tuple[Any, ...]:
        """As it was made: it is raised in one process and shown in another."""
        return partial(type(self), is_ambiguous=self.is_ambiguous), (self.kind, self.text, self.near)

    def _sentence(self) -> str:
        if self.is_ambiguous:
            return f"{self.text!r} matches {len(self.near)} {self.kind}s; write more of the name:\n  " + "\n  ".join(
                self.near[:10]
            )
        hint = f"; did you mean {self.near[0]!r}?" if self.near else ""
        return f"no {self.kind} matches {self.text!r}{hint}"


class NeedsExtra(AnswerError):
    """Something that a package does which is not installed.

    Args:
        what: what is wanted, such as `PNG`.
        package: what does it.
    """

    def __init__(self, what: str, package: str) -> None:
        super().__init__(
            f"{what} needs {package}, which is not installed: pipx inject crywolf {package}"
            f" (or pip install {package} beside crywolf); SVG needs nothing"
        )
