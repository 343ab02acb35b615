"""What is worked out of a failure before the store is locked is what the store would have worked out itself."""

from __future__ import annotations

import hashlib
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ingest.failure_text import prepare_failure
from ingest.limits import Limits
from ingest.model import Failure
from ingest.scrub import scrub_failure
from ingest.signature import SIGNATURE_VERSION, sign

LIMITS = Limits(name_chars=40, message_chars=60, text_chars=300)
TEXTS = st.one_of(
    st.text(max_size=500),
    st.lists(
        st.sampled_from(("    at com.acme.Pay.do(Pay.java:31)", "password=hunter2", "\x1b[31mred\x1b[0m", "é", "")),
        max_size=30,
    ).map("\n".join),
)


@given(TEXTS, TEXTS, TEXTS, st.booleans())
def test_it_is_the_clean_failure_with_its_digest_and_its_signature(
    kind: str, message: str, text: str, is_skip: bool
) -> None:
    """Type, message and text are those of `scrub_failure`, the digest is that of all three, the signature `sign`'s."""
    failure, found, again = Failure(kind, message, text), Counter[str](), Counter[str]()
    clean = scrub_failure(failure, LIMITS, found)
    raw = "\0".join(("skip" if is_skip else "", *clean)).encode()
    signature = None if is_skip else (SIGNATURE_VERSION, *sign(clean))
    digest = hashlib.blake2b(raw, digest_size=16).digest()[:8]
    prepared = prepare_failure(failure, LIMITS, again, is_skip=is_skip)
    assert prepared == clean
    assert (prepared.digest, prepared.signature) == (digest, signature)
    assert again == found
