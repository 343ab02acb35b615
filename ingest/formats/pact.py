"""Reads what became of Pact contracts: verification results, the verifier's own JSON, the broker's matrix.

- A verification result, as verifiers publish it to a Pact broker and as the broker gives it back: each entry of
  `testResults` is a case. Mismatches are failed, exceptions errored. Without entries the whole is one case.
- The verifier's JSON (`pact_verifier --json`): `interactionResults` are cases, failed with mismatches and errored
  without. Versions before 1.0 lack them: then errors are cases, and what the output lists beside them has passed.
  Errors of pending pacts do not count against the provider and are skipped.
- The broker's matrix: one case a pair of consumer and provider, its newest verification; none yet is skipped.

Class name: `Pact between CONSUMER and PROVIDER`, as Pact itself says; name: the interaction, with the provider's state.
Both services are exercised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from ingest.errors import Refused
from ingest.formats.batches import batches
from ingest.formats.json_reader import decode, read_document
from ingest.formats.notes import Notes
from ingest.formats.sink import ReportSink
from ingest.formats.values import duration_ms, moment
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity

WHOLE = "verification"
"""Name of the case for a contract whose interactions are not told."""

_BETWEEN = re.compile(r"(?:Verifying a pact|Pact) between (.+?)(?: \([^)]*\))? and (.+?)(?: \([^)]*\))?$")
_ERROR_NAME = re.compile(
    r"Verifying a pact between (?P<who>.+? and .+?)(?: Given (?P<state>.+?))? - (?P<what>.+)", re.DOTALL
)
_OUTPUT_CASE = re.compile(r" {2}(\S.*?)(?: \([\d.]+\S* loading, [\d.]+\S* verification\))?$")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_STATUSES = {"passed": Outcome.PASSED, "failed": Outcome.FAILED, "pending": Outcome.SKIPPED, "skipped": Outcome.SKIPPED}
_Object = Mapping[str, Any]


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one document.

    Raises:
        Refused: as `json_reader.decode`, and `schema` when it is none of the three.
    """
    document = decode(read_document(stream, limits), dict[str, Any])
    notes = Notes()
    if isinstance(document.get("matrix"), list):
        attempts = list(_matrix(document["matrix"], notes))
    elif isinstance(document.get("result"), bool):
        attempts = list(_verifier(document))
    elif isinstance(document.get("success"), bool):
        sink.identity(_identity(document))
        attempts = list(_verification(document))
    else:
        raise Refused("schema", "$.success: neither a verification result nor the output of a verifier nor a matrix")
    for batch in batches(attempts):
        sink.attempts(batch)
    notes.tell(sink)


def _text(source: _Object, *keys: str) -> str:
    return next((found.strip() for key in keys if isinstance(found := source.get(key), str) and found.strip()), "")


def _objects(value: Any) -> Iterator[_Object]:
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def _object(value: Any) -> _Object:
    return value if isinstance(value, dict) else {}


def _pair(consumer: str, provider: str) -> str:
    return f"Pact between {consumer} and {provider}" if consumer and provider else consumer or provider


def _services(consumer: str, provider: str) -> tuple[str, ...]:
    return tuple(name for name in (provider, consumer) if name)


# A verification result


def _parties(document: _Object) -> tuple[str, str]:
    """Consumer and provider, as far as the document names them."""
    for link in _object(document.get("_links")).values():
        found = _BETWEEN.search(_text(_object(link), "name")) or _BETWEEN.search(_text(_object(link), "title"))
        if found:
            return found[1], found[2]
    return _text(document, "consumerName"), _text(document, "providerName")


def _identity(document: _Object) -> RunIdentity:
    when = moment(_text(document, "verificationDate", "verifiedAt", "createdAt"))
    return RunIdentity(
        service=_parties(document)[1] or None,
        service_version=_text(document, "providerApplicationVersion") or None,
        branch=_text(document, "providerVersionBranch") or None,
        url=_text(document, "buildUrl") or None,
        start_ms=when.ms if when else None,
        start_is_zoneless=when.is_zoneless if when else None,
    )


def _verification(document: _Object) -> Iterator[CaseAttempt]:
    consumer, provider = _parties(document)
    results = document.get("testResults")
    tests = list(_objects(results if isinstance(results, list) else _object(results).get("tests")))
    has_red = False
    for number, test in enumerate(tests, 1):
        who = _text(test, "pactConsumerName", "consumerName") or consumer
        outcome, failure = _test_outcome(test)
        has_red = has_red or outcome in (Outcome.FAILED, Outcome.ERRORED)
        yield CaseAttempt(
            _pair(who, provider), _test_name(test, number), outcome, failure=failure, services=_services(who, provider)
        )
    if not tests or (not document["success"] and not has_red):
        outcome = Outcome.PASSED if document["success"] else Outcome.FAILED
        failure = None if document["success"] else Failure("", "the verification failed", "")
        url = _text(document, "buildUrl")
        links = (Link("url", url),) if url.startswith(("http://", "https://")) else ()
        yield CaseAttempt(
            _pair(consumer, provider),
            WHOLE,
            outcome,
            failure=failure,
            services=_services(consumer, provider),
            links=links,
        )


def _test_name(test: _Object, number: int) -> str:
    """The interaction, with the state that the provider was in, and what of it was looked at."""
    name = _text(test, "interactionDescription", "description", "testFullDescription", "interactionId")
    state, what = _text(test, "interactionProviderState", "providerState"), _text(test, "testDescription")
    name = f"{name or f'interaction {number}'}{f' given {state}' if state else ''}"
    return f"{name}: {what}" if what and what not in name else name


def _test_outcome(test: _Object) -> tuple[Outcome, Failure | None]:
    status = _STATUSES.get(_text(test, "status").lower())
    mismatches = list(_objects(test.get("mismatches")))
    exceptions = [*_objects(test.get("exceptions")), *_objects([test.get("exception")])]
    if test.get("success") is True or status == Outcome.PASSED:
        return Outcome.PASSED, None
    if status == Outcome.SKIPPED:
        return Outcome.SKIPPED, None
    texts = [_mismatch(item) for item in mismatches] + [_text(item, "message") for item in exceptions]
    text = "\n".join(part for part in texts if part)
    kind = _text(exceptions[0], "exceptionClass", "class") if exceptions else ""
    is_assertion = bool(mismatches) or not exceptions or any(word in kind for word in ("Expectation", "Assertion"))
    outcome = Outcome.FAILED if is_assertion else Outcome.ERRORED
    return outcome, Failure(kind, texts[0] if texts else "", text)


def _mismatch(item: _Object) -> str:
    """One difference in a line: where, and what."""
    where = _text(item, "identifier", "path", "key", "parameter")
    attribute = _text(item, "attribute", "type")
    what = _text(item, "description", "mismatch", "message")
    if not what:
        what = f"expected {item.get('expected')!r}, got {item.get('actual')!r}"
    return ": ".join(part for part in (" ".join(part for part in (attribute, where) if part), what) if part)


# The verifier's own JSON


def _verifier(document: _Object) -> Iterator[CaseAttempt]:
    cases = {
        (case.classname, case.name): case for case in map(_interaction, _objects(document.get("interactionResults")))
    }
    if not cases:
        cases = _listed(document.get("output"))
        for key, is_pending in (("errors", False), ("pendingErrors", True)):
            for error in _objects(document.get(key)):
                attempt = _error(error, is_pending)
                cases[attempt.classname, attempt.name] = attempt
    is_red = any(case.outcome in (Outcome.FAILED, Outcome.ERRORED) for case in cases.values())
    if not document["result"] and not is_red:
        cases["", WHOLE] = CaseAttempt("", WHOLE, Outcome.FAILED, failure=Failure("", "the verification failed", ""))
    elif not cases:
        cases["", WHOLE] = CaseAttempt("", WHOLE, Outcome.PASSED)
    yield from cases.values()


def _listed(output: Any) -> dict[tuple[str, str], CaseAttempt]:
    """The interactions that the verifier's output lists, as if all had passed."""
    cases: dict[tuple[str, str], CaseAttempt] = {}
    consumer = provider = ""
    for block in output if isinstance(output, list) else ():
        for line in _COLOUR.sub("", block).split("\n") if isinstance(block, str) else ():
            between, case = _BETWEEN.match(line), _OUTPUT_CASE.fullmatch(line)
            if between:
                consumer, provider = between[1], between[2]
            elif line.startswith("     Given ") and cases:
                last = cases.pop(next(reversed(cases)))
                last = last._replace(name=_given(last.name, line.strip().removeprefix("Given ")))
                cases[last.classname, last.name] = last
            elif case and consumer and not case[1].startswith("["):
                key = (_pair(consumer, provider), case[1])
                cases[key] = CaseAttempt(*key, Outcome.PASSED, services=_services(consumer, provider))
    return cases


def _given(name: str, state: str) -> str:
    """An interaction with the state that the provider was in."""
    return f"{name} and {state}" if " given " in name else f"{name} given {state}"


def _interaction(result: _Object) -> CaseAttempt:
    """A case from an entry of `interactionResults`."""
    consumer, provider = _text(result, "consumer"), _text(result, "provider")
    name = _text(result, "description") or _text(result, "interactionId") or WHOLE
    states = result.get("providerStates")
    for state in states if isinstance(states, list) else ():
        if isinstance(state, str) and state.strip():
            name = _given(name, state.strip())
    outcome, failure = Outcome.PASSED, None
    if _text(result, "result") != "OK":
        outcome, failure = _difference(_object(result.get("mismatch")), result.get("pending") is True)
    return CaseAttempt(
        _pair(consumer, provider),
        name,
        outcome,
        duration_ms(_text(result, "duration")),
        None,
        failure,
        services=_services(consumer, provider),
    )


def _error(error: _Object, is_pending: bool) -> CaseAttempt:
    mismatch = _object(error.get("mismatch"))
    written = _ERROR_NAME.fullmatch(_text(error, "interaction"))
    name = written["what"] if written else _text(error, "interaction") or _text(mismatch, "interactionId") or WHOLE
    if written and written["state"]:
        name = _given(name, written["state"])
    consumer, _, provider = written["who"].partition(" and ") if written else ("", "", "")
    outcome, failure = _difference(mismatch, is_pending)
    return CaseAttempt(
        _pair(consumer, provider), name, outcome, failure=failure, services=_services(consumer, provider)
    )


def _difference(mismatch: _Object, is_pending: bool) -> tuple[Outcome, Failure]:
    """Failed with what differs, errored where the verification could not be made."""
    differences = [_mismatch(item) for item in _objects(mismatch.get("mismatches"))]
    text = "\n".join(differences) or _text(mismatch, "message")
    first = differences[0] if differences else text
    if is_pending:
        return Outcome.SKIPPED, Failure("", f"pending: {first}", "")
    return Outcome.FAILED if differences else Outcome.ERRORED, Failure("", first, text)


# The broker's matrix


def _matrix(rows: list[Any], notes: Notes) -> Iterator[CaseAttempt]:
    newest: dict[tuple[str, str], tuple[int, CaseAttempt]] = {}
    for row in _objects(rows):
        consumer, provider = _text(_object(row.get("consumer")), "name"), _text(_object(row.get("provider")), "name")
        result = _object(row.get("verificationResult"))
        when = moment(_text(result, "verifiedAt"))
        at_ms = when.ms if when else 0
        if (consumer, provider) in newest:
            notes.add("an older row of the same consumer and provider is left out", f"{consumer} and {provider}")
            if newest[consumer, provider][0] >= at_ms:
                continue
        newest[consumer, provider] = (at_ms, _matrix_case(consumer, provider, row, result, at_ms))
    yield from (case for _, case in newest.values())


def _matrix_case(consumer: str, provider: str, row: _Object, result: _Object, at_ms: int) -> CaseAttempt:
    success = result.get("success")
    versions = " and ".join(
        f"{name} {_text(_object(_object(row.get(side)).get('version')), 'number') or '?'}"
        for side, name in (("consumer", consumer), ("provider", provider))
    )
    outcome, failure = Outcome.PASSED, None
    if success is False:
        outcome, failure = Outcome.FAILED, Failure("", f"{consumer} and {provider} do not agree", versions)
    elif success is not True:
        outcome, failure = Outcome.SKIPPED, Failure("", "not verified yet", "")
    url = _text(_object(_object(result.get("_links")).get("self")), "href")
    links = (Link("url", url),) if url.startswith(("http://", "https://")) else ()
    services = _services(consumer, provider)
    return CaseAttempt(
        _pair(consumer, provider), WHOLE, outcome, None, at_ms or None, failure, None, 0, services, links
    )
