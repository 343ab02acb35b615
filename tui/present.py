"""Record -> cells, glyphs, tones and words: pure, no screen, no clock.

State is always glyph + word + tone, never a tone alone. Times are shown in the person's zone, ages against the answer's
own now. Rates are fractions in records and become percent here, with k/n and interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from ingest.model import Change, ChangeKind, Result, RunRef, Scope, TestCase, Verdict
from tui.widgets.pieces import Line, Piece, line, plain, width_of

if TYPE_CHECKING:
    from analysis.records import Interval
    from tui.answers.services import DayHealth
    from tui.answers.triage import Radius, ThreeOwners

DASH = "-"
HURT = 0.05
"""From this share of failures on, a day is drawn as hurt; below, single flakes would paint every day."""
_LOST_LEVELS = (0.02, HURT, 0.1, 0.2, 0.4, 0.6)
"""Share of failures from which each further level is lost."""
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs of one character set."""

    verdicts: dict[Verdict, str]
    results: dict[Result | None, str]
    masked: str
    cursor: str
    rule: str
    between: str
    through: str
    dot: str
    ellipsis: str
    levels: str
    corners: tuple[str, str]
    up: str
    down: str
    arrow: str
    new: str


UNICODE = Glyphs(
    verdicts={
        Verdict.REGRESSION: "✗",
        Verdict.ENVIRONMENT: "▲",
        Verdict.FLAKY: "≈",
        Verdict.UNDECIDED: "?",
        Verdict.UNRECORDED: "◆",
        Verdict.TEST: "■",
        Verdict.PASSING: "✓",
    },
    results={
        Result.PASSED: "✓",
        Result.FAILED: "✗",
        Result.ERRORED: "✗",
        Result.SKIPPED: "−",
        Result.FLAKY: "≈",
        None: "·",
    },
    masked="▒",
    cursor="▌",
    rule="─",
    between="──",
    through="│",
    dot="·",
    ellipsis="…",
    levels="▁▂▃▄▅▆▇",
    corners=("└", "┘"),
    up="▴",
    down="▾",
    arrow="›",
    new="•",
)

ASCII = Glyphs(
    verdicts={
        Verdict.REGRESSION: "x",
        Verdict.ENVIRONMENT: "^",
        Verdict.FLAKY: "~",
        Verdict.UNDECIDED: "?",
        Verdict.UNRECORDED: "u",
        Verdict.TEST: "t",
        Verdict.PASSING: ".",
    },
    results={
        Result.PASSED: ".",
        Result.FAILED: "x",
        Result.ERRORED: "x",
        Result.SKIPPED: "-",
        Result.FLAKY: "~",
        None: " ",
    },
    masked="#",
    cursor=">",
    rule="-",
    between="--",
    through="|",
    dot="|",
    ellipsis="..",
    levels="1234567",
    corners=("'", "'"),
    up="^",
    down="v",
    arrow=">",
    new="*",
)

VERDICT_WORDS = {
    Verdict.REGRESSION: "regression",
    Verdict.ENVIRONMENT: "environment",
    Verdict.FLAKY: "flaky",
    Verdict.UNDECIDED: "undecided",
    Verdict.UNRECORDED: "unrecorded",
    Verdict.TEST: "test defect",
    Verdict.PASSING: "passing",
}
VERDICT_TONES = {
    Verdict.REGRESSION: "bad",
    Verdict.ENVIRONMENT: "outage",
    Verdict.UNRECORDED: "bad",
    Verdict.TEST: "bad",
    Verdict.PASSING: "muted",
}
RESULT_WORDS = {
    Result.PASSED: "passed",
    Result.FAILED: "failed",
    Result.ERRORED: "errored",
    Result.SKIPPED: "skipped",
    Result.FLAKY: "flaky",
    None: "no result",
}
_RESULT_TONES = {Result.FAILED: "bad", Result.ERRORED: "bad", Result.FLAKY: "strong", None: "faint"}


def verdict_pieces(verdict: Verdict, glyphs: Glyphs, *, has_word: bool = True) -> Line:
    """Glyph, word and tone of a verdict; the glyph stands alone only where there is no room at all."""
    word = f" {VERDICT_WORDS[verdict]}" if has_word else ""
    return line((f"{glyphs.verdicts[verdict]}{word}", VERDICT_TONES.get(verdict, "text")))


def result_piece(result: Result | None, glyphs: Glyphs, is_masked: bool = False) -> Piece:
    """One cell for one result; a masked outage hides what happened in it."""
    if is_masked and result is not None:
        return Piece(glyphs.masked, "muted")
    return Piece(glyphs.results[result], _RESULT_TONES.get(result, "muted"))


def strip_line(results: Sequence[Result | None], glyphs: Glyphs, masked: Sequence[bool] = ()) -> Line:
    """One cell a run, neighbours of one tone joined."""
    pieces: list[Piece] = []
    for index, result in enumerate(results):
        piece = result_piece(result, glyphs, bool(masked) and masked[index])
        if pieces and pieces[-1].tone == piece.tone:
            pieces[-1] = Piece(pieces[-1].text + piece.text, piece.tone)
        else:
            pieces.append(piece)
    return tuple(pieces)


def age(span_ms: int) -> str:
    """A span in the one or two units that matter.

    >>> [age(ms) for ms in (42_000, 720_000, 15_600_000, 14_400_000, 777_600_000)]
    ['42 s', '12 min', '4 h 20', '4 h', '9 d']
    """
    span_ms = max(span_ms, 0)
    if span_ms < MINUTE_MS:
        return f"{span_ms // 1000} s"
    if span_ms < HOUR_MS:
        return f"{span_ms // MINUTE_MS} min"
    if span_ms < DAY_MS:
        hours, minutes = divmod(span_ms // MINUTE_MS, 60)
        return f"{hours} h {minutes:02}" if minutes else f"{hours} h"
    return f"{span_ms // DAY_MS} d"


def duration(span_ms: float | None) -> str:
    """How long something took.

    >>> duration(340), duration(1200), duration(125_000), duration(None)
    ('340 ms', '1.2 s', '2 min 05', '-')
    """
    if span_ms is None:
        return DASH
    if span_ms < 1000:
        return f"{span_ms:.0f} ms"
    if span_ms < 100_000:
        return f"{span_ms / 1000:.1f} s"
    minutes, seconds = divmod(round(span_ms / 1000), 60)
    return f"{minutes} min {seconds:02}"


def local(at_ms: int, zone: tzinfo | None) -> datetime:
    """A moment in the person's zone; None means the machine's own."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)


def clock(at_ms: int, now_ms: int | None = None, zone: tzinfo | None = None) -> str:
    """Time of day, with the date in front when it is not the day of `now_ms`.

    >>> clock(1_795_000_200_000, 1_795_003_800_000, UTC), clock(1_795_000_200_000, 1_795_503_800_000, UTC)
    ('11:10', '18 Nov 11:10')
    """
    moment = local(at_ms, zone)
    if now_ms is None or moment.date() == local(now_ms, zone).date():
        return f"{moment:%H:%M}"
    if moment.year == local(now_ms, zone).year:
        return f"{moment.day} {moment:%b %H:%M}"
    return f"{moment:%Y-%m-%d %H:%M}"


def zone_name(zone: tzinfo | None, now_ms: int | None) -> str:
    """The zone's short name at a moment."""
    return local(now_ms or 0, zone).tzname() or "local"


def percent(rate: float) -> str:
    """A fraction as percent; a small one that is not 0 keeps a digit.

    >>> percent(0.07), percent(0.004), percent(0.0), percent(1.0), percent(0.0002)
    ('7 %', '0.4 %', '0 %', '100 %', '<0.1 %')
    """
    if 0 < rate < 0.001:
        return "<0.1 %"
    return f"{rate * 100:.1f} %" if 0 < rate < 0.01 else f"{rate * 100:.0f} %"


def interval(rate: Interval | None) -> str:
    """Rate with its 95 % interval; a dash below the minimum number of runs.

    >>> interval(None)
    '-'
    """
    if rate is None:
        return DASH
    return f"{percent(rate.estimate)} ({rate.low * 100:.0f}-{rate.high * 100:.0f} %)"


def ratio(k: int, n: int) -> str:
    """k of n."""
    return f"{k}/{n}"


def evidence_sign(log_odds: float) -> str:
    """Whether a reason speaks for (+) or against (-); a dot where it alters the odds by less than a fifth.

    >>> evidence_sign(1.8), evidence_sign(-0.04), evidence_sign(-0.9)
    ('+', '·', '-')
    """
    if abs(log_odds) < _WEIGHS:
        return "·"
    return "+" if log_odds > 0 else "-"


_WEIGHS = 0.18
"""Natural log of a factor of 1.2."""


def probability(value: float | None) -> str:
    """Two digits without the leading zero.

    >>> probability(0.914), probability(0.997), probability(0.003), probability(None)
    ('.91', '>.99', '<.01', '-')
    """
    if value is None:
        return DASH
    if value > 0.99:
        return ">.99"
    if value < 0.01:
        return "<.01"
    return f"{value:.2f}"[1:]


def count(number: int, word: str, plural: str | None = None) -> str:
    """A number with its word.

    >>> count(1, "file"), count(2, "file"), count(1204, "run"), count(2, "retry", "retries")
    ('1 file', '2 files', '1,204 runs', '2 retries')
    """
    return f"{number:,} {word if number == 1 else plural or word + 's'}"


def radius(reach: Radius, width: int) -> Line:
    """Tests, services and teams; only the tests where there is no room."""
    if width < 8:
        return line(str(reach.tests))
    parts = [f"{reach.tests}t"]
    if reach.services:
        parts.append(f"{reach.services}s")
    if reach.teams:
        parts.append(f"{reach.teams}T")
    return line(" ".join(parts))


def health_piece(day: DayHealth | None, glyphs: Glyphs) -> Piece:
    """One day: full is healthy, lower is worse; a dot where nothing ran."""
    if day is None or not day.executed:
        return Piece(glyphs.results[None].strip() or ".", "faint")
    share = day.failed / day.executed
    lost = sum(share >= limit for limit in _LOST_LEVELS)
    level = glyphs.levels[max(len(glyphs.levels) - 1 - lost, 0)]
    return Piece(level, "bad" if share >= HURT else "muted")


def health_legend(glyphs: Glyphs) -> Line:
    """What strips of days mean."""
    return line((f"{glyphs.levels[-1]} healthy   {glyphs.results[None].strip() or '.'} nothing ran", "muted"))


def short_class(classname: str) -> str:
    """A class without its packages; other groups, such as suites in words, as they are.

    >>> short_class("shop.journeys.CheckoutIT"), short_class("query parser"), short_class("home.spec.ts")
    ('CheckoutIT', 'query parser', 'home.spec.ts')
    """
    text = plain(classname)
    last = text.rsplit(".", 1)[-1]
    return last if last[:1].isupper() and " " not in text else text


def case_line(case: TestCase) -> Line:
    """Name first, since it tells most; class after it, quietly."""
    name = plain(case.name)
    return line(name, (f"  {short_class(case.classname)}" if case.classname else "", "muted"))


def person(author: str) -> str:
    """An author without the mail domain.

    >>> person("chloe.martin@acme.example"), person("Mira Patel")
    ('chloe.martin', 'Mira Patel')
    """
    return author.partition("@")[0] or author


def scope_text(scope: Scope, dot: str = "·", width: int | None = None) -> str:
    """Environment, pipeline, variant and branch of a stream: what tells streams apart comes first; else no branch."""
    parts = [plain(one) for one in (scope.environment, scope.pipeline, scope.variant, scope.branch) if one]
    full = f" {dot} ".join(parts)
    return full if width is None or width_of(line(full)) <= width or not scope.branch else f" {dot} ".join(parts[:-1])


def short_version(version: str | None) -> str:
    """A version as people say it: hashes and digests to six digits."""
    text = plain(version or "").removeprefix("sha256:")
    is_hash = len(text) >= 12 and all(c in "0123456789abcdef" for c in text.lower())
    return text[:6] if is_hash else text


def change_label(change: Change) -> str:
    """Service and version, or the nearest that there is."""
    who = change.service or ("tests" if change.target == "test" else change.environment or "environment")
    return plain(" ".join(part for part in (who, short_version(change.to_version)) if part))


def change_word(change: Change) -> str:
    """Service, kind and version."""
    kind = "config" if change.kind is ChangeKind.CONFIGURATION else str(change.kind)
    who = change.service or ("tests" if change.target == "test" else change.environment)
    return plain(" ".join(part for part in (who, kind, short_version(change.to_version)) if part))


def called_words(by: str, model: tuple[Verdict, float]) -> str:
    """Whose word a verdict is, and what the model says: `ada says so, the model unrecorded .91`."""
    return f"{plain(by)} says so, the model {VERDICT_WORDS[model[0]]} {probability(model[1] or None)}"


def owners_text(owners: Sequence[str]) -> str:
    """Teams without their leading `@org/`."""
    return ", ".join(plain(owner).rsplit("/", 1)[-1].removeprefix("@") for owner in owners)


def owner_piece(owners: Sequence[str]) -> Piece:
    """Owners, or the word that must not be overlooked."""
    return Piece(owners_text(owners)) if owners else Piece("unowned", "unowned")


def three_owners(owners: ThreeOwners, dot: str = "·") -> Line:
    """Owners of the test, the environment and the suspected service; only the test's may not be left out."""
    parts: list[Piece] = [Piece("test: ", "muted"), owner_piece(owners.test)]
    for word, who in (("env", owners.environment), ("suspect", owners.suspect)):
        if who:
            parts += [Piece(f" {dot} {word}: ", "muted"), Piece(owners_text(who))]
    return tuple(parts)


def run_label(run: RunRef) -> str:
    """Run id and attempt."""
    return plain(f"run {run.run_id}" + (f" (attempt {run.attempt})" if run.attempt > 1 else ""))
