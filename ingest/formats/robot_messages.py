"""What the messages of Robot Framework's results say: markup, former results, what failed. Pure."""

from __future__ import annotations

import html
import re
from typing import NamedTuple

from ingest.model import Link, Outcome

_MARK = "*HTML*"
_TAG = re.compile(r"<[^<>]{1,2000}>")
_BREAK = re.compile(r"<(?:br|hr)\s*/?>", re.IGNORECASE)
_PICTURE = re.compile(r"<(?:img|video|source|iframe)\s[^<>]{0,500}?src=[\"']([^\"'<>]{1,1000})[\"']", re.IGNORECASE)
_MERGED = "has been re-executed and results merged.</span>"
_STATUS = re.compile(
    r"(?:<hr>)?<span class=\"(?P<age>new|old)-status\">(?:New|Old) status:</span> "
    r"<span class=\"(?P<status>pass|fail|skip|not run)\">",
    re.IGNORECASE,
)
_MESSAGE = re.compile(r"<span class=\"(?:new|old)-message\">(?:New|Old) message:</span> ?")
_NOT_ASSERTIONS = re.compile(
    r"(?:Parent suite (?:setup|teardown) failed|Setup failed|Teardown failed):\n"
    r"|(?:Test|Task|Keyword) timeout .{1,80} exceeded\.",
)
_WHERE = re.compile(r"\A((?:Parent suite setup|Parent suite teardown|Setup|Teardown) failed:)\n")
_TYPE = re.compile(r"(?:(?:Parent suite s|S|T|Parent suite t)e(?:tup|ardown) failed:\n)?([A-Za-z_][\w.]{0,200}): ")
_TYPE_ENDS = ("Error", "Exception", "Timeout", "NotFound", "Failure")
_RETRIED = re.compile(r"\[RETRY\] (?:PASS|FAIL) on (\d{1,3})\. retry\.\s*$")
_SKIPPED_FOR_RETRY = "Skipped for Retry"
_MOST_HIDDEN = 100


class Former(NamedTuple):
    """A result from before a test was executed again."""

    outcome: Outcome
    message: str


def plain_text(text: str, only_marked: bool = False) -> str:
    """Text without markup. Of a message that is marked as HTML; with `only_marked`, any other one stays as it is.

    The message of a merged result is that of the newest execution.

    >>> plain_text("*HTML* see <b>here</b> &amp; there", only_marked=True), plain_text("a < b", only_marked=True)
    ('see here & there', 'a < b')
    """
    is_marked = text.startswith(_MARK)
    if only_marked and not is_marked:
        return text
    text = text.removeprefix(_MARK).strip()
    if _MERGED in text[:200]:
        text = _merged_parts(text)[0][1]
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).strip()


def earlier_attempts(text: str) -> list[Former]:
    """Results from before the last execution that a message tells of, oldest first: of `rebot --merge`."""
    if not text.startswith(_MARK) or _MERGED not in text[:200]:
        return []
    formers = []
    for status, message in reversed(_merged_parts(text)[1:]):
        outcome = {"pass": Outcome.PASSED, "fail": Outcome.FAILED}.get(status, Outcome.SKIPPED)
        formers.append(Former(outcome, html.unescape(_TAG.sub("", _BREAK.sub("\n", message))).strip()))
    return formers


def _merged_parts(text: str) -> list[tuple[str, str]]:
    """Status and marked-up message of each execution, newest first."""
    marks = list(_STATUS.finditer(text))
    if not marks:
        return [("", text)]
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    parts = []
    for mark, end in zip(marks, ends, strict=True):
        piece = _MESSAGE.search(text, mark.end(), end)
        parts.append((mark["status"].lower(), text[piece.end() : end] if piece else ""))
    return parts


def hidden_retries(message: str) -> int:
    """How often RetryFailed executed a test again, from what it wrote into the last message; 0 without it.

    >>> hidden_retries("[RETRY] PASS on 2. retry."), hidden_retries("never")
    (2, 0)
    """
    match = _RETRIED.search(message)
    return min(int(match[1]), _MOST_HIDDEN) if match else 0


def is_to_be_retried(message: str) -> bool:
    """Whether RetryFailed marked a failed test as skipped, because it executes it again."""
    return message.endswith(_SKIPPED_FOR_RETRY)


def without_retry_mark(message: str) -> str:
    """The message as the test gave it."""
    return _RETRIED.sub("", message.removesuffix(_SKIPPED_FOR_RETRY)).rstrip()


def is_not_assertion(message: str) -> bool:
    """Whether a message says that a setup, a teardown or a time limit failed."""
    return _NOT_ASSERTIONS.match(message) is not None


def on_one_line(message: str) -> str:
    """The message with what failed and why in its first line.

    >>> on_one_line("Setup failed:\\nno fixture")
    'Setup failed: no fixture'
    """
    return _WHERE.sub(r"\1 ", message)


def failure_type(message: str) -> str:
    """Name of the exception before the message; assertions have none.

    >>> failure_type("ValueError: x"), failure_type("Note: x"), failure_type("1 != 2")
    ('ValueError', '', '')
    """
    match = _TYPE.match(message)
    return match[1] if match and match[1].endswith(_TYPE_ENDS) else ""


def pictures_in(markup: str) -> list[Link]:
    """Files that logged HTML shows."""
    return [Link("attachment", src) for src in _PICTURE.findall(markup) if not src.startswith("data:")]
