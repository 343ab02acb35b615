"""Who broke it: worked examples of the joint model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.errors import AnalysisError
from analysis.records import ChangeFeed, ServiceGraph, SuspectQuestion
from analysis.suspects import rank_suspects
from analysis.verdict import weigh_kinds
from ingest.model import Change, ChangeKind, ChangeTarget, ContentKind, Verdict
from tests.analysis.builders import SCOPE, column, deploy, feed, history, run
from tests.analysis.shop_questions import BROKEN, FINE, GRAPH, ask, by_service, said, shop, told


def test_the_deploy_that_explains_who_fails_and_who_passes_leads() -> None:
    """Vault and search were deployed in one gap; only journeys that touch vault fail."""
    found = ask(
        shop(BROKEN, FINE), feed(deploy("vault", 29.5, "v2"), deploy("search", 29.6, "v2"), covered=["web", "pay"])
    )
    assert found[0].change is not None
    assert found[0].change.service == "vault"
    assert found[0].probability > 0.6
    assert weigh_kinds(found)[0] is Verdict.REGRESSION
    sentences = {e.term: e.text for e in found[0].evidence}
    assert (
        sentences["breadth"] == "6 of 6 tests that touch vault newly fail, 0 of 6 others; all 6 fail in every run since"
    )
    assert sentences["onset"] == "first red 30 min after it"
    assert sentences["path"] == "the test touches vault"


def test_a_span_is_said_in_whole_minutes() -> None:
    """What is 32 min 59 s is 32 min, as the age beside it says; from an hour on hours are said."""
    for hours, span in ((29.0 + 27.02 / 60, "32 min"), (28.0 + 11.5 / 60, "1 h 48"), (28.0, "2 h"), (2.0, "1 d")):
        found = ask(shop(BROKEN, FINE), feed(deploy("vault", hours, "v2"), covered=["web", "pay"]))
        vault = next(one for one in found if one.change is not None)
        assert f"first red {span} after it" in told(vault)


def test_passing_tests_speak_against_a_change() -> None:
    """A deploy of web touches everything, and half of everything passes."""
    found = ask(
        shop(BROKEN, FINE), feed(deploy("vault", 29.5, "v2"), deploy("web", 29.6, "v2"), covered=["search", "pay"])
    )
    web = by_service(found, "web")
    assert web.probability < by_service(found, "vault").probability
    passing = next(e for e in web.evidence if e.term == "passing")
    assert passing.log_odds < 0
    assert passing.text == "6 tests that touch web still pass"


def test_a_change_after_the_failure_is_no_suspect() -> None:
    """Two hours after the first red run."""
    found = ask(shop(BROKEN, FINE), feed(deploy("pay", 32.5, "v3"), deploy("vault", 29.5, "v2")))
    assert [h.change.service for h in found if h.change is not None] == ["vault"]


def test_a_change_two_days_before_is_no_suspect() -> None:
    """Candidates are recorded within 36 hours before the first bad run."""
    stream = shop("." * 60 + "RRR", "." * 63)
    found = ask(stream, feed(deploy("vault", 59.5, "v2"), deploy("pay", 10, "v2")))
    assert [h.change.service for h in found if h.change is not None] == ["vault"]


def test_the_message_decides_between_equals() -> None:
    """Pay and vault are touched by the same tests; the text names one of them."""
    stream = shop(BROKEN, FINE)
    changes = feed(deploy("vault", 29.5, "v2"), deploy("pay", 29.5, "v2"))
    found = ask(stream, changes, said(stream, 30, "GET http://vault.staging.internal/v1/token -> 500"))
    assert found[0].change is not None
    assert found[0].change.service == "vault"
    text = next(e for e in found[0].evidence if e.term == "text")
    assert text.log_odds == pytest.approx(np.log(6.0))
    assert text.text == "the message names vault"


def test_a_changed_file_in_the_stack_decides() -> None:
    """The file of one of two equal changes stands in the trace."""
    stream = shop(BROKEN, FINE)
    touched = replace(deploy("pay", 29.5, "v2"), files=("services/pay/src/TokenCodec.java",))
    changes = feed(replace(deploy("vault", 29.5, "v2"), files=("README.md",)), touched)
    found = ask(stream, changes, said(stream, 30, "boom\n\tat com.acme.TokenCodec.read(TokenCodec.java:12)"))
    assert found[0].change == touched
    assert any(e.text == "the stack names TokenCodec.java, which it changed" for e in found[0].evidence)


def test_one_red_of_a_known_flake_is_a_flake() -> None:
    """It failed in every tenth run before, and nothing else fails."""
    rows = [
        (column("shaky", "web", "pay"), ".........~" * 3 + "F"),
        *((column(f"o{i}", "web", "pay"), "." * 31) for i in range(20)),
    ]
    found = ask(history(rows), feed(deploy("pay", 29.5, "v2")))
    assert found[0].kind == "flake"
    assert weigh_kinds(found)[0] is Verdict.FLAKY
    assert "failed in 2 of 29 runs before" in {e.text for e in found[0].evidence}


def test_everything_failing_with_no_deploy_is_the_environment() -> None:
    """Nine tenths of everything, in the last run."""
    stream = shop("." * 30 + "F", "." * 30 + "F", count=15)
    found = ask(stream, feed(deploy("vault", 10, "v2"), covered=["web", "pay", "search"]))
    assert found[0].kind == "environment"


def test_a_step_without_a_deploy_is_unrecorded_or_an_outage_but_no_change() -> None:
    """Three runs, one service's tests, nothing recorded near it."""
    found = ask(
        shop("." * 40 + "RRRRRRRR", "." * 48), feed(deploy("search", 20, "v2"), covered=["web", "pay", "vault"])
    )
    assert weigh_kinds(found)[0] is Verdict.UNRECORDED


def test_a_service_without_a_feed_makes_unrecorded_likelier() -> None:
    """Nobody would know of its deploys."""
    stream = shop(BROKEN, FINE)
    search = deploy("search", 20, "v2")
    p = [
        next(h.probability for h in ask(stream, changes) if h.kind == "unrecorded")
        for changes in (feed(search, covered=["web", "pay", "vault"]), feed(search))
    ]
    assert p[0] < p[1]


def test_a_rollback_that_healed_speaks_for_the_change() -> None:
    """Red from the deploy to its rollback, green since."""
    back = deploy("vault", 33.5, "v1", kind=ChangeKind.ROLLBACK)
    found = ask(
        shop("." * 30 + "RRRR" + "...", "." * 37),
        feed(deploy("vault", 29.5, "v2"), deploy("pay", 29.5, "v2"), back),
    )
    assert found[0].change is not None
    assert (found[0].change.service, found[0].change.kind) == ("vault", ChangeKind.DEPLOY)
    assert any("stopped with its rollback" in e.text for e in found[0].evidence)


def test_a_deploy_of_the_version_before_is_a_rollback_too() -> None:
    """Nobody called it one."""
    bad = replace(deploy("vault", 29.5, "v2"), from_version="v1")
    back = replace(deploy("vault", 33.5, "v1"), from_version="v2")
    found = ask(shop("." * 30 + "RRRR" + "...", "." * 37), feed(bad, deploy("pay", 29.5, "v2"), back))
    assert found[0].change == bad
    assert any("stopped with its rollback" in e.text for e in found[0].evidence)


def test_a_rollout_of_hours_may_have_been_felt_in_any_run_under_way() -> None:
    """Recorded as done three runs after the first red one; begun before it."""
    late = replace(deploy("vault", 33.2, "v2"), started_ms=deploy("vault", 29.5).at_ms)
    rows = [(column(f"v{i}", "web", "pay", "vault"), "." * 30 + ("RRRR" if i < 2 else "....")) for i in range(8)]
    rows += [(column(f"o{i}", "web", "search"), "." * 34) for i in range(8)]
    changes = feed(late, deploy("pay", 20, "v2"), covered=["web", "search"])
    found = ask(history(rows), changes)
    assert found[0].change == late
    quick = replace(late, started_ms=None)
    unlikely = by_service(ask(history(rows), replace(changes, changes=(*changes.changes[:-1], quick))), "vault")
    assert unlikely.probability < by_service(found, "vault").probability / 2


def test_what_failed_with_a_service_before_may_feel_it_now() -> None:
    """The test does not list vault, but failed by a culprit of vault before, as people confirmed."""
    rows = [(column("blind", "web", "search"), BROKEN)]
    rows += [(column(f"v{i}", "web", "pay", "vault"), BROKEN if i < 3 else FINE) for i in range(6)]
    stream = history(rows)
    changes = feed(deploy("vault", 29.5, "v2"), deploy("search", 29.5, "v2"), covered=["web", "pay"])
    question = SuspectQuestion(rows[0][0].case.test_id, stream, GRAPH, changes)
    before = by_service(rank_suspects(question), "vault")
    taught = by_service(rank_suspects(replace(question, felt={"vault": (rows[0][0].case.test_id,)})), "vault")
    assert taught.probability > 2 * before.probability
    said = "the test failed before when vault did, though it does not declare it"
    assert said in {e.text for e in taught.evidence}


def test_a_commit_to_the_tests_own_file_is_a_defect_of_the_test() -> None:
    """Only the tests of that file fail."""
    rows = [(column(f"a{i}", "web", file="it/CartIT.java"), "." * 30 + "RRR") for i in range(3)]
    rows += [(column(f"b{i}", "web", file="it/OtherIT.java"), "." * 33) for i in range(10)]
    commit = Change("git:1", ChangeKind.COMMIT, run(29).started_ms, target=ChangeTarget.TEST, files=("it/CartIT.java",))
    found = ask(history(rows), ChangeFeed((commit, deploy("web", 29.5, "v2")), frozenset({("web", SCOPE.environment)})))
    assert (found[0].change, found[0].target) == (commit, "test")
    assert weigh_kinds(found)[0] is Verdict.TEST


def test_test_code_is_code_to_the_tests() -> None:
    """Files of tests do nothing to a service, so a feed calls their commit a no-op; the tests it may well break."""
    rows = [(column(f"a{i}", "web", file="it/CartIT.java"), "." * 30 + "RRR") for i in range(2)]
    rows += [(column(f"b{i}", "web", file="it/OtherIT.java"), "." * 33) for i in range(10)]
    commit = Change("git:1", ChangeKind.COMMIT, run(29).started_ms, target=ChangeTarget.TEST, files=("it/CartIT.java",))
    both = [replace(commit, content=content) for content in (ContentKind.NO_OP, ContentKind.CODE)]
    found = [ask(history(rows), ChangeFeed((one,), frozenset()))[0] for one in both]
    assert found[0].probability == found[1].probability > 0.5
    assert "a code change, before anything is known" in told(found[0])


def test_another_revision_of_the_tests_without_a_commit_is_a_defect_of_the_test() -> None:
    """Only the trigger's own file fails, from the first run of the new revision on; its services did not change."""
    rows = [(column(f"a{i}", "web", "pay", file="it/CartIT.java"), BROKEN) for i in range(3)]
    rows += [(column(f"b{i}", "web", "pay", file="it/OtherIT.java"), FINE) for i in range(20)]
    changes = feed(deploy("search", 20, "v2"), covered=["web", "pay", "vault"])
    stream = history(rows, revisions=["r1"] * 30 + ["r2"] * 3)
    found = ask(stream, changes)
    assert (found[0].kind, found[0].target, found[0].change) == ("unrecorded", "test", None)
    assert weigh_kinds(found)[0] is Verdict.TEST
    said = "the tests ran revision r2 for the first time, and no commit of it is known"
    assert said in {e.text for e in found[0].evidence}
    assert all(h.target != "test" for h in ask(history(rows), changes))
    commit = Change("git:1", ChangeKind.COMMIT, run(29).started_ms, target=ChangeTarget.TEST, files=("it/X.java",))
    known = replace(changes, changes=(*changes.changes, commit))
    assert all(h.change is not None for h in ask(stream, known) if h.target == "test")


def test_where_no_service_is_known_another_revision_is_what_changed() -> None:
    """Tests of one repository: a step with a new revision is unrecorded, not flaky; one without is so less surely."""
    rows = {f"t{i}": "." * 30 + ("FFF" if i == 0 else "...") for i in range(20)}
    found = ask(history(rows, revisions=[f"r{i // 3}" for i in range(33)]), feed())
    assert weigh_kinds(found)[0] is Verdict.UNRECORDED
    assert found[0].target is None
    said = "the tests ran revision r10 for the first time, and no commit of it is known"
    assert said in {e.text for e in found[0].evidence}
    same = next(h for h in ask(history(rows, revisions=["r1"] * 33), feed()) if h.kind == "unrecorded")
    assert 1 - same.probability > 5 * (1 - found[0].probability)
    assert "the tests ran revision r1 as before; what lies outside of it may have changed" in told(same)
    flapping = {"shaky": "." * 10 + "F..F.F..F....F....F..F", **{f"t{i}": "." * 32 for i in range(20)}}
    found = ask(history(flapping, revisions=[f"r{i}" for i in range(40)]), feed())
    assert weigh_kinds(found)[0] is Verdict.FLAKY


@pytest.mark.parametrize("revisions", [[None] * 14, ["r1"] * 14, [f"r{i}" for i in range(14)]])
@pytest.mark.parametrize("services", [(), ("web", "pay")])
def test_two_tests_cannot_tell_an_outage(revisions: list[str | None], services: tuple[str, ...]) -> None:
    """One of them newly fails, once or for good: whatever it is, an outage is not what can be said."""
    for failing in ("F", "FF", "FFFF"):
        line = "." * 10 + failing
        rows = [(column("newly", *services), line), (column("fine", *services), "." * len(line))]
        found = ask(history(rows, revisions=revisions[: len(line)]), feed())
        outage = next(h for h in found if h.kind == "environment")
        assert outage.probability < 0.5, (failing, outage.probability)
        assert "only 1 other test ran since: too few to tell an outage from a breakage" in told(outage)


def test_what_fails_for_good_is_no_flake_where_no_revision_is_known() -> None:
    """Nothing tells that nothing changed; a third of the tests that broke at once did not flake either."""
    rows = {f"t{i}": "." * 10 + ("FFFF" if i < 20 else "....") for i in range(60)}
    unknown = [None] * 14
    assert weigh_kinds(ask(history(rows, revisions=unknown), feed()))[0] is Verdict.UNRECORDED
    alone = {f"t{i}": "." * 10 + ("FFFF" if i < 1 else "....") for i in range(60)}
    (first, *_) = ask(history(alone, revisions=unknown), feed())
    assert first.kind == "unrecorded"
    assert "no revision is known of the runs; anything may have changed" in told(first)


def test_what_began_with_the_first_run_is_said_so() -> None:
    """Revisions are known, only none before the first; a test that mostly times out from there on, as others do."""
    rows = {"slow": "EEE.E", **{f"t{i}": "....." if i < 28 else "EEEEE" for i in range(40)}}
    found = ask(history(rows, revisions=[f"r{i}" for i in range(5)]), feed())
    unrecorded = next(h for h in found if h.kind == "unrecorded")
    assert "it began with the first run that is known; what changed before that cannot be told" in told(unrecorded)


def test_what_hit_everything_hit_the_test_as_well() -> None:
    """All tests of a run fail, those that never ran before too: that is no event unrelated to any one of them."""
    rows = [(column(f"t{i}"), "." * 40 + "F") for i in range(160)]
    rows += [(column(f"red{i}"), "F" * 41) for i in range(120)]
    rows += [(column(f"skipped{i}"), " " * 40 + "F") for i in range(60)]
    (first, *_) = ask(history(rows, revisions=[f"r{i}" for i in range(41)]), feed())
    assert first.kind == "environment"
    assert first.probability > 0.8


@pytest.mark.parametrize("always", [0, 20, 100])
@pytest.mark.parametrize(("before", "failing"), [(6, 1), (6, 3), (24, 2)])
def test_what_was_red_before_says_nothing(always: int, before: int, failing: int) -> None:
    """Everything goes down after a deploy of one service: whatever never passed speaks for no change of it."""
    line = "." * before + "R" * failing
    rows = [(column(f"{name}{i}", "web", name), line) for name in ("pay", "search") for i in range(40)]
    rows += [(column(f"old{i}", "web", "search"), "R" * len(line)) for i in range(always)]
    found = ask(history(rows), feed(deploy("pay", before), deploy("web", 1)))
    assert by_service(found, "pay").probability < 0.1
    assert next(h for h in found if h.kind == "environment").probability > 0.3


def test_a_service_that_no_other_test_touches_is_said_so() -> None:
    """Nobody believes 0 of 0 tests."""
    found = ask(shop(BROKEN, FINE), feed(deploy("vault", 29), deploy("mail", 29)))
    (said_of_mail,) = (text for text in told(by_service(found, "mail")) if text.endswith("newly fail"))
    assert said_of_mail == "no test is known to touch mail; 6 of 12 newly fail"


def test_commits_to_services_are_no_suspects_of_their_own() -> None:
    """They attach to the deploy that carried them."""
    commit = replace(deploy("vault", 29.4), kind=ChangeKind.COMMIT)
    found = ask(shop(BROKEN, FINE), feed(commit, deploy("vault", 29.5, "v2")))
    assert sum(h.kind == "change" for h in found) == 1


def test_a_service_half_down_is_an_outage_though_it_was_just_deployed() -> None:
    """All its tests fail now and then, retries too: a change breaks some of them, and those always."""
    rng = np.random.default_rng(8)
    lines = ["." * 40 + "".join(rng.choice([".", "~", "R"], 3, p=[0.45, 0.3, 0.25])) for _ in range(24)]
    rows = [(column(f"pay{i}", "web", "pay"), line) for i, line in enumerate(lines)]
    rows += [(column(f"search{i}", "web", "search"), "." * 43) for i in range(24)]
    first = next(i for i, line in enumerate(lines) if line[40:].count("R") and line[-1] == "R")
    found = ask(history(rows), feed(deploy("pay", 39.5, "v2"), covered=["web", "search"]), test=first)
    assert next(h for h in found if h.change is not None).probability < 0.8
    always = [(column(f"pay{i}", "web", "pay"), "." * 40 + ("RRR" if i < 8 else "...")) for i in range(24)]
    found = ask(history([*always, *rows[24:]]), feed(deploy("pay", 39.5, "v2"), covered=["web", "search"]))
    assert found[0].change is not None
    assert found[0].probability > 0.8


def test_a_streak_may_begin_with_a_flake() -> None:
    """A shaky test failed once more, then a deploy broke it with all others: the deploy is a suspect all the same."""
    rows = [(column("shaky", "web", "vault"), "...R......" * 3 + "R" + "RR")]
    rows += [(column(f"o{i}", "web", "vault"), "." * 31 + "RR") for i in range(6)]
    rows += [(column(f"s{i}", "web", "search"), "." * 33) for i in range(6)]
    found = ask(history(rows), feed(deploy("vault", 30.8, "v2"), covered=["web", "search"]))
    assert found[0].service == "vault"


def test_changes_of_another_environment_are_no_suspects() -> None:
    """What reached preprod broke nothing in staging."""
    elsewhere = replace(deploy("vault", 29.5, "v2"), environment="preprod")
    assert not any(h.kind == "change" for h in ask(shop(BROKEN, FINE), feed(elsewhere)))


def test_never_failed_is_no_question() -> None:
    """Nothing to explain."""
    assert ask(shop(FINE, FINE), feed(deploy("vault", 29.5, "v2"))) == ()


def test_an_unknown_test_case_is_an_error() -> None:
    """The question must be about the history."""
    with pytest.raises(AnalysisError):
        rank_suspects(SuspectQuestion("nope", shop(BROKEN, FINE), GRAPH, ChangeFeed()))


def test_a_history_without_services_or_changes() -> None:
    """Flake, outage and unrecorded are left."""
    found = rank_suspects(
        SuspectQuestion(column("t").case.test_id, history({"t": ".....F"}), ServiceGraph(), ChangeFeed())
    )
    assert {h.kind for h in found} == {"flake", "environment", "unrecorded"}
