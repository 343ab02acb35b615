"""Secrets never reach the store; what only looks like one stays."""

from __future__ import annotations

import base64
import hashlib
import random
import time
import uuid
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clean import clean
from ingest.limits import Limits
from ingest.model import Change, ChangeKind, Commit, Failure, Link
from ingest.redact import may_hold_secret, redact, secrets_warning
from ingest.scrub import scrub, scrub_failure, scrub_links

CHANCE = random.Random(7)


def drawn(size: int, alphabet: str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") -> str:
    """Characters drawn at random; the same in every run."""
    return "".join(CHANCE.choices(alphabet, k=size))


def encoded(size: int) -> str:
    """Random bytes in base64."""
    return base64.b64encode(CHANCE.randbytes(size)).decode()


TOKEN = drawn(36)
SECRETS = [
    ("jwt", f"eyJhbGciOiJIUzI1NiJ9.eyJ{drawn(40)}.{drawn(43)}"),
    ("github-token", f"ghp_{TOKEN}"),
    ("github-token", f"github_pat_{drawn(22)}_{drawn(59)}"),
    ("gitlab-token", f"glpat-{drawn(20)}"),
    ("aws-key", f"AKIA{drawn(16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}"),
    ("google-key", f"AIza{drawn(35)}"),
    ("slack-token", f"xoxb-{drawn(11, '0123456789')}-{drawn(24)}"),
    ("slack-token", f"https://hooks.slack.com/services/T{drawn(8)}/B{drawn(8)}/{drawn(24)}"),
    ("api-token", f"sk_live_{drawn(24)}"),
    ("api-token", f"npm_{TOKEN}"),
    ("private-key", f"-----BEGIN RSA PRIVATE KEY-----\n{encoded(48)}\n{encoded(48)}\n-----END RSA PRIVATE KEY-----"),
    ("private-key", f"-----BEGIN PRIVATE KEY-----\n{encoded(48)}\n{encoded(40)}"),
    ("url-password", "postgres://app:s3cr3t%21x@db.internal:5432/shop"),
    ("url-password", "amqp://guest:a@b@mq:5672"),
    ("signed-url", f"https://x.blob.core.windows.net/c/b?sv=2024-11-04&sig={drawn(40)}%3D"),
    ("signed-url", f"https://b.s3.amazonaws.com/k?X-Amz-Signature={drawn(64, '0123456789abcdef')}"),
    ("bearer", f"Bearer {TOKEN}"),
    ("authorization", "Authorization: Basic dXNlcjpodW50ZXIy"),
    ("authorization", f"'Authorization': 'token {drawn(20)}'"),
    ("credential", "password=hunter2hunter2"),
    ("credential", "PGPASSWORD=correcthorsebattery"),
    ("credential", "Server=db;User Id=sa;Password=p@ss,w0rd;Timeout=30"),
    ("credential", f"AccountName=shop;AccountKey={encoded(64)};EndpointSuffix=core.windows.net"),
    ("credential", f'{{"client_secret": "{drawn(20)}"}}'),
    ("credential", f"aws_secret_access_key = {drawn(40)}"),
    ("credential", f"curl --token {drawn(20)} https://ci.example"),
    ("credential", f"<password>{drawn(12)}</password>"),
    ("base64", f"key material: {encoded(48)}"),
]
HARMLESS = [
    "Unexpected token: EOF", "Unexpected token: StringLiteral1", "Unexpected token } in JSON at position 12",
    "password: required", "Password: invalid", "wrong password", "test_password_reset[token=None]",
    "connect(user=user, password=password)", "password=self.settings.password", "password = getPassword()",
    "token=${GITHUB_TOKEN}", "--password {{ password }}", "'password': '********'", "--token-file /run/secrets/token",
    "pwd: /home/ci/work/checkout", "Bearer authentication is required", "Basic functionality works as before",
    "Authorization: required", "ssh://git@github.com/acme/shop.git", "git@github.com:acme/shop.git", "http://[::1]:8080/a@b",
    "com.acme.checkout.payment.PaymentServiceIntegrationTest.shouldReturnNotFoundWhen2PaymentsDoNotExist",
    "src/test/java/com/acme/checkout/V2/PaymentServiceIntegrationTest/Case12/TestReport.java",
    "_ZN4core3fmt9Formatter9write_fmt17h8f5b1c2d3e4f5a6bE", "Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a",
    f"data:image/png;base64,iVBORw0KGgo{encoded(300)}", f"sha512-{encoded(64)}", f"h1:{encoded(32)}",
    "keyboard: qwertz12345", "primary key: order_id_0001", "sort_key=created_at_2026", "monkey=banana12345",
    "token_type: bearer12",    "next token: abcdef123456",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), SECRETS)
def test_every_kind_is_taken_wherever_it_stands(kind: str, text: str) -> None:
    """Alone, in a sentence, in parentheses, on a line of a trace; once, and counted by its kind."""
    for written in (text, f"call failed: {text} (retrying)", f"at a.b\n  {text}\n  at c.d"):
        found: Counter[str] = Counter()
        left = redact(written, found)
        assert f"[redacted {kind}]" in left, left
        assert found == {kind: 1}
        assert redact(left) == left


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    """Words, code, templates, masks, paths, names that compilers make, pictures and hashes."""
    assert redact(text) == text


def test_hashes_uuids_and_paths_stay() -> None:
    """None of a thousand messages with digests, ids and paths is altered."""
    for number in range(1000):
        data = CHANCE.randbytes(20)
        sha1, sha256 = hashlib.sha1(data).hexdigest(), hashlib.sha256(data).hexdigest()
        text = (
            f"commit {sha1} of image@sha256:{sha256}, id {uuid.UUID(bytes=data[:16])}"
            f" md5 {hashlib.md5(data).hexdigest()} at /home/ci/{sha1}/target/{number}/PaymentTest.java:{number}"
            f" key: {sha1.upper()} etag={sha256}"
        )
        assert redact(text) == text


def test_a_colour_inside_a_token_hides_nothing() -> None:
    """Cleaning comes first, so that what a terminal would show as one word is one word."""
    assert redact(clean(f"Bearer \x1b[31m{TOKEN[:9]}\x1b[0m{TOKEN[9:]}")) == "Bearer [redacted bearer]"


def test_a_secret_at_the_cut_is_taken_whole() -> None:
    """Cutting comes last: no half of a token is left at the end of what is kept."""
    limits = Limits(text_chars=1_000, message_chars=1_000)
    for at in range(500, 700, 7):
        text = "x" * at + f" ghp_{TOKEN} " + "y" * 100_000
        failure = scrub_failure(Failure("", text, text), limits)
        assert TOKEN[:8] not in failure.message + failure.text


def test_renewed_tokens_leave_equal_texts() -> None:
    """The mark says the kind only, so that a failure keeps its signature from run to run."""
    assert redact(f"401 for ghp_{drawn(36)}") == redact(f"401 for ghp_{drawn(36)}") == "401 for [redacted github-token]"


def test_records_of_every_kind_are_redacted() -> None:
    """Titles, authors, addresses and files of changes; links; ids of changes and commits stay what they are."""
    found: Counter[str] = Counter()
    url, sha = "https://bot:hunter2@git.example/x", hashlib.sha1(b"x").hexdigest()
    change = Change(
        f"id:{encoded(48)}", ChangeKind.DEPLOY, 0, title=f"use ghp_{TOKEN}", author="password=hunter2x", url=url,
        commits=(Commit(sha, f"key AKIA{'A2' * 8}"),),
    )  # fmt: skip
    safe = scrub(change, found)
    assert (safe.change_id, safe.commits[0].sha) == (change.change_id, sha)
    assert safe.url == "https://[redacted url-password]@git.example/x"
    assert found == {"github-token": 1, "credential": 1, "url-password": 1, "aws-key": 1}
    assert scrub_links((Link("log", url),), Limits())[0].url == safe.url


def test_the_warning_counts_by_kind() -> None:
    """In the order of the alphabet; nothing where nothing was taken."""
    assert secrets_warning(Counter()) == ""
    assert secrets_warning(Counter(jwt=1)) == "1 secret redacted: jwt 1"


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_random_text_is_redacted_once(text: str) -> None:
    """Idempotent, and the quick look never says "no" where a rule would have found something."""
    left = redact(text)
    assert redact(left) == left


@given(
    st.lists(st.sampled_from([text for _, text in SECRETS] + HARMLESS), max_size=4),
    st.sampled_from([" ", "\n", ", ", ": "]),
)
def test_secrets_side_by_side(texts: list[str], between: str) -> None:
    """One secret hides no other; redacting twice is redacting once."""
    left = redact(between.join(texts))
    assert redact(left) == left
    assert TOKEN not in left


@pytest.mark.parametrize(
    "piece",
    ["eyJ", "-----BEGIN PRIVATE KEY-----", "://a:", "://a:b@", "token:", "token=(", "password=a,b", "aB1+", "Bearer ",
     "authorization: ", "--", "--token ", "key", "token='", "passw", "pwd: /a/", "&sig=", "xox", "- -A"],
)  # fmt: skip
def test_no_text_takes_long(piece: str) -> None:
    """Ten times as long takes about ten times as long, whatever is repeated."""
    took = []
    for size in (20_000, 200_000):
        text = piece * (size // len(piece))
        began = time.process_time()
        redact(text)
        took.append(time.process_time() - began)
    assert took[1] < 40 * took[0] + 0.5


def test_most_names_are_let_through_at_once() -> None:
    """Names of tests hold nothing that asks for a closer look."""
    names = ["test_login", "handles token refresh", "GET /api/v1/users/{id} returns 404", "Payments::Refund::partial",
             "test_pay[127.0.0.1:8080-True-foo]", "shouldReturnNotFoundWhenPaymentDoesNotExistAnymore"]  # fmt: skip
    assert not any(map(may_hold_secret, names))
