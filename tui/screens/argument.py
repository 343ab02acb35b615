"""The argument for an incident, as lines: owners, last good to first bad, hypotheses and evidence, the failure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.causes import UNKNOWN
from ingest.model import Change, ChangeTarget, RunRef, Verdict
from tui import present
from tui.screens.context import ViewContext
from tui.widgets.pieces import Line, Piece, clip_line, ends, fit, joined, line, plain, width_of, wrap, wrap_lines

if TYPE_CHECKING:
    from analysis.records import Evidence, Hypothesis, Onset
    from tui.answers.triage import DoneBefore, IncidentRow

TWO_COLUMNS_FROM = 110
MANY_CHANGES = 6
BRIEF_EVIDENCE = 4
BRIEF_DEEDS = 2


def argument(
    incident: IncidentRow, now_ms: int, context: ViewContext, width: int, *, is_full: bool = False
) -> list[Line]:
    """All of it; brief shows the strongest evidence of the leading hypotheses and the deciding line of the failure."""
    lines = heading(incident, context, width)
    if incident.model is not None:
        said = f"{present.VERDICT_WORDS[incident.verdict]}: {present.called_words(incident.called_by, incident.model)}"
        lines.append(clip_line(line((said, "strong")), width))
    elif incident.reason:
        lines.append(clip_line(line(("undecided: ", "strong"), incident.reason), width))
    lines += onset_lines(incident.onset, incident.between, now_ms, context, width)
    lines += hypothesis_lines(incident.hypotheses, incident.onset, context, width, is_full=is_full)
    lines += cause_lines(incident, context, width)
    lines += reach_lines(incident, width)
    lines += deed_lines(incident.deeds, now_ms, context, width, is_full=is_full)
    lines += failure_lines(incident.message, incident.text, width, words=deciding_words(incident), is_full=is_full)
    if is_full:
        lines += link_lines(incident.links)
    return lines


def heading(incident: IncidentRow, context: ViewContext, width: int) -> list[Line]:
    """What happens and whose it is: three different owners."""
    title = line((incident.title, "strong"))
    owners = present.three_owners(incident.owners, context.glyphs.dot)
    if width_of(title) + width_of(owners) + 12 <= width:
        return [ends(title, (Piece("owners  ", "muted"), *owners), width)]
    titles = [(Piece(part, "strong"),) for part in wrap(incident.title, width)[:2]]
    return [*titles, clip_line((Piece("owners  ", "muted"), *owners), width)]


def reach_lines(incident: IncidentRow, width: int) -> list[Line]:
    """Which journeys it breaks, which count more than others, and which services its tests exercise."""
    parts = [("journeys ", ", ".join(incident.flows)), ("services ", ", ".join(incident.services))]
    shown = [line((word, "muted"), text) for word, text in parts if text]
    if incident.flows and incident.criticality > 1:
        shown[0] += line((f" (counts {incident.criticality:g} times)", "muted"))
    return [clip_line(joined(shown, Piece("   ")), width)] if shown else []


def onset_lines(onset: Onset, between: Sequence[Change], now_ms: int, context: ViewContext, width: int) -> list[Line]:
    """Last good, the changes after it, first bad: a time line."""
    items = [_run_end("last good", onset.last_good, now_ms, context)]
    shown = list(between)
    hidden = 0
    if len(shown) > MANY_CHANGES:
        hidden = len(shown) - MANY_CHANGES
        shown = shown[-MANY_CHANGES:]
        items.append(line((f"{context.glyphs.ellipsis} {hidden} earlier", "muted")))
    for change in shown:
        items.append(line(present.change_label(change), (f" {context.clock(change.at_ms, now_ms)}", "muted")))
    if not between and onset.last_good is not None:
        items.append(line(("no recorded change", "muted")))
    items.append(_run_end("first bad", onset.first_bad, now_ms, context, tone="bad"))
    return wrap_lines(items, width, Piece(f" {context.glyphs.between} ", "faint"))


def _run_end(word: str, run: RunRef | None, now_ms: int, context: ViewContext, tone: str = "muted") -> Line:
    if run is None:
        return line((f"{word} ", "muted"), ("before this history", "text"))
    return line((f"{word} ", tone), context.clock(run.started_ms, now_ms), (f" {present.run_label(run)}", "muted"))


def hypothesis_lines(
    hypotheses: Sequence[Hypothesis], onset: Onset, context: ViewContext, width: int, *, is_full: bool = False
) -> list[Line]:
    """The leading hypotheses with their evidence, the others in one line."""
    leading = [h for i, h in enumerate(hypotheses) if is_full or i == 0 or h.probability >= 0.25]
    others = [h for h in hypotheses if h not in leading]
    lines: list[Line] = []
    for hypothesis in leading:
        claim = _claim(hypothesis)
        lines.append(ends(claim, _about(hypothesis, onset, context), width))
        told = [one for one in hypothesis.evidence if one.text != claim[-1].text]
        evidence = sorted(told, key=lambda e: -abs(e.log_odds))
        lines += evidence_lines(evidence if is_full else evidence[:BRIEF_EVIDENCE], width)
    if others:
        short = [(Piece("  ", "muted"), *_claim(h, is_short=True)) for h in others[:8]]
        lines += wrap_lines(short, width, Piece("   "), indent=0)[:2]
    return lines


def _claim(hypothesis: Hypothesis, *, is_short: bool = False) -> Line:
    chance = Piece(f"{present.probability(hypothesis.probability):>4}  ", "muted" if is_short else "strong")
    if is_short:
        chance = Piece(f"{present.probability(hypothesis.probability)} ", "muted")
    change = hypothesis.change
    if change is None:
        word = _HYPOTHESIS_WORDS.get(hypothesis.kind, hypothesis.kind)
        if hypothesis.target == "test":
            word = "a change of the test itself"
        elif hypothesis.service:
            word = _WORDS_OF_A_SERVICE.get(hypothesis.kind, word).format(plain(hypothesis.service))
        return (chance, *line((word, "muted" if is_short else "text")))
    if is_short:
        return (chance, *line((present.change_label(change), "muted")))
    who = present.change_label(change)
    target = " (the tests themselves)" if change.target is ChangeTarget.TEST else ""
    return (chance, *line(f"{who}{target}", (f"  {change.title}", "muted")))


_HYPOTHESIS_WORDS = {
    "environment": "environment outage",
    "unrecorded": "a change nobody recorded",
    "flake": "flaky: no real alarm",
}
_WORDS_OF_A_SERVICE = {"environment": "an outage of {}", "unrecorded": "a change of {} that nobody recorded"}


def _about(hypothesis: Hypothesis, onset: Onset, context: ViewContext) -> Line:
    """How long before, who, how much: of a change; the last of it is the first to be cut."""
    change = hypothesis.change
    if change is None:
        return ()
    parts = []
    if onset.first_bad is not None and onset.first_bad.started_ms >= change.at_ms:
        parts.append(f"{present.age(onset.first_bad.started_ms - change.at_ms)} before")
    parts.append(present.person(change.author))
    if change.lines is not None:
        parts.append(present.count(change.lines, "line"))
    return line((f" {context.glyphs.dot} ".join(part for part in parts if part), "muted"))


def evidence_lines(evidence: Sequence[Evidence], width: int, indent: int = 6) -> list[Line]:
    """What speaks for it (+) and against it (-); side by side where there is room."""
    items = [_sign(one) for one in evidence]
    room = width - indent
    half = room // 2
    lines: list[Line] = []
    while items:
        first = items.pop(0)
        if width >= TWO_COLUMNS_FROM and items and max(width_of(first), width_of(items[0])) <= half - 2:
            lines.append((Piece(" " * indent), *fit(first, half), *items.pop(0)))
        else:
            lines += _hanging(first, indent, room)
    return lines


def _hanging(sign: Line, indent: int, room: int) -> list[Line]:
    """A sign and its sentence, wrapped beside it."""
    parts = wrap("".join(piece.text for piece in sign[1:]), room - 2)
    head = (Piece(" " * indent), sign[0], Piece(parts[0], sign[-1].tone))
    return [head, *((Piece(" " * (indent + 2)), Piece(part, sign[-1].tone)) for part in parts[1:3])]


def _sign(evidence: Evidence) -> Line:
    sign = present.evidence_sign(evidence.log_odds)
    if sign == "+":
        return line(("+ ", "bad"), evidence.text)
    return line((f"{sign} ", "outage" if sign == "-" else "muted"), (evidence.text, "muted"))


def cause_lines(incident: IncidentRow, context: ViewContext, width: int) -> list[Line]:
    """What kind of cause the failure speaks of, and the words that say so; nothing where no rule fits."""
    cause = incident.cause
    if cause.category == UNKNOWN:
        return []
    quoted = f"“{cause.text}”" if context.glyphs.ellipsis == "…" else f'"{cause.text}"'
    said = line(("speaks of ", "muted"), cause.category, (f"  {quoted}", "muted"))
    return [clip_line((*said, *line((f"  cluster {incident.cluster}", "faint"))), width)]


def deed_lines(
    deeds: Sequence[DoneBefore], now_ms: int, context: ViewContext, width: int, *, is_full: bool = False
) -> list[Line]:
    """What people did with it, the last first; brief shows the last two."""
    shown = deeds if is_full else deeds[:BRIEF_DEEDS]
    return [
        clip_line(line((f"{context.clock(deed.at_ms, now_ms)}  {deed.actor}", "strong"), f" {deed.words}"), width)
        for deed in shown
    ]


def deciding_words(incident: IncidentRow) -> tuple[str, ...]:
    """What in a failure's text speaks for the verdict: what its cause was told by, and the suspected service."""
    suspect = incident.suspect
    service = suspect.change.service if suspect is not None and suspect.change is not None else ""
    words = [incident.cause.text, service or "", *incident.services]
    return tuple(dict.fromkeys(plain(word) for word in words if len(word) > 2))


def marked(text: str, words: Sequence[str], tone: str = "text") -> Line:
    """A line in which some words stand out, regardless of case.

    >>> marked("503 from Payments", ("payments",))
    (Piece(text='503 from ', tone='text'), Piece(text='Payments', tone='accent'))
    """
    if not words:
        return (Piece(text, tone),)
    pattern = re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)), re.IGNORECASE)
    pieces, end = [], 0
    for found in pattern.finditer(text):
        pieces += [Piece(text[end : found.start()], tone), Piece(found[0], "accent")]
        end = found.end()
    return tuple(piece for piece in (*pieces, Piece(text[end:], tone)) if piece.text)


def failure_lines(
    message: str, text: str, width: int, *, words: Sequence[str] = (), is_full: bool = False
) -> list[Line]:
    """What the failure says, with the deciding words marked: its deciding lines, or everything."""
    if not message and not text:
        return [line(("the report says nothing about the failure", "muted"))]
    if not is_full:
        return _brief_failure(message or text, text, words, width)
    lines: list[Line] = [(), line(("failure", "muted"))]
    lines += [marked(part, words, "strong") for part in wrap(message, width)]
    rest = text.removeprefix(message).strip("\n")
    return lines + [marked(part, words) for part in wrap(rest, width, hang=2) if rest][:400]


def _brief_failure(message: str, text: str, words: Sequence[str], width: int) -> list[Line]:
    """The message, and the first line below it that says a deciding word which the message does not."""
    lines = [marked(part, words) for part in wrap(message, width)[:3]]
    missing = [word.lower() for word in words if word.lower() not in message.lower()]
    rest = (part.strip() for part in text.removeprefix(message).splitlines())
    deciding = next((part for part in rest if any(word in part.lower() for word in missing)), "")
    return lines + [marked(part, words) for part in wrap(deciding, width)[:1] if deciding]


def link_lines(links: Sequence[tuple[str, str]]) -> list[Line]:
    """Logs, traces and attachments."""
    return [line((f"{kind}  ", "muted"), (url, "accent")) for kind, url in links]


def suspect_words(incident: IncidentRow, width: int) -> Line:
    """The top suspect in a table's cell: service, kind and version; the service alone where there is no room."""
    suspect = incident.suspect
    leading = incident.hypotheses[0] if incident.hypotheses else None
    if leading is not None and leading.kind == "change":
        suspect = leading
    elif leading is not None and (suspect is None or leading.probability > 2 * suspect.probability):
        return line((_no_suspect(leading, width), "muted"))
    if suspect is None or suspect.change is None:
        return line(("not enough data" if width >= 15 else present.DASH, "muted"))
    word = present.change_word(suspect.change)
    return line(word if width >= 16 else present.change_label(suspect.change).split(" ")[0])


def _no_suspect(leading: Hypothesis, width: int) -> str:
    """Why there is no change to suspect; the service that is, where one is, stands first."""
    word = {"environment": "outage", "unrecorded": "unrecorded", "flake": "flaky"}.get(leading.kind, leading.kind)
    if leading.service:
        service = plain(leading.service)
        full = f"{service} ({word})"
        return full if width_of(line(full)) <= width else service
    return f"(none: {word})" if width > len(word) + 8 else f"({word})"


def suspect_chance(incident: IncidentRow) -> str:
    """Probability of what `suspect_words` names."""
    leading = incident.hypotheses[0] if incident.hypotheses else None
    return present.DASH if leading is None else present.probability(leading.probability)


def as_text(lines: Sequence[Line]) -> str:
    """Lines without tones, for copying."""
    return "\n".join("".join(piece.text for piece in pieces).rstrip() for pieces in lines)


MUST_ACT = (Verdict.REGRESSION, Verdict.UNRECORDED, Verdict.TEST)


def counts_line(counts: dict[str, int]) -> Line:
    """`2 real   1 outage   5 flaky   1 cannot tell`: the answer in words; what is none is left out."""
    parts = [
        (sum(counts.get(verdict, 0) for verdict in MUST_ACT), "real", "bad"),
        (counts.get(Verdict.ENVIRONMENT, 0), "outage", "outage"),
        (counts.get(Verdict.FLAKY, 0), "flaky", "text"),
        (counts.get(Verdict.UNDECIDED, 0), "cannot tell", "text"),
        (counts.get("quarantined", 0), "quarantined", "muted"),
        (counts.get("resolved", 0), "resolved", "muted"),
    ]
    return joined([line((f"{number} {word}", tone)) for number, word, tone in parts if number], Piece("   "))
