"""What is worked out of the text of a failure before the store is locked: clean text, digest and signature.

Pure, and the largest part of the work that a failure takes: done outside a transaction it leaves the write lock to
others.
"""

from __future__ import annotations

import hashlib
from collections import Counter

from ingest.limits import Limits
from ingest.model import Failure
from ingest.scrub import scrub_failure
from ingest.signature import SIGNATURE_VERSION, sign
from store.write import PreparedFailure

_DIGEST_BYTES = 16


def prepare_failure(
    failure: Failure, limits: Limits, found: Counter[str] | None = None, *, is_skip: bool = False
) -> PreparedFailure:
    """A failure as the store takes it: clean, without secrets, cut to its limits, with digest and signature.

    Args:
        found: counts by kind the secrets taken out.
        is_skip: the reason of a skipped attempt, which has no signature.

    >>> prepare_failure(Failure("E", "no answer after 31 ms", ""), Limits()).signature[2]
    'no answer after <n>'
    """
    clean = scrub_failure(failure, limits, found)
    trace = clean.text.encode()
    head = f"{'skip' if is_skip else ''}\0{clean.type}\0{clean.message}\0"
    digest = hashlib.blake2b(head.encode(), digest_size=_DIGEST_BYTES)
    digest.update(trace)
    signature = None
    if not is_skip:
        key, title = sign(clean)
        signature = SIGNATURE_VERSION, key, title
    return PreparedFailure(clean.type, clean.message, trace, digest.digest(), signature)
