"""How much of a stranger's file is read. Every refusal names the limit and the setting that raises it."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes or characters; the `[limits]` table of `crywolf.toml` overrides them by these names."""

    file_bytes: int = 512 * MEBIBYTE
    """A report, after decompression."""
    document_bytes: int = 64 * MEBIBYTE
    """A JSON, YAML or TOML document that is read whole."""
    token_bytes: int = 8 * MEBIBYTE
    """One attribute value, tag or comment; text content may be longer and is cut."""
    depth: int = 100
    """Nesting of elements, objects and arrays."""
    attributes: int = 50_000
    """Attributes of one element."""
    name_chars: int = 2_000
    """A class name or test name; a longer one is cut and ends in a hash of the whole."""
    message_chars: int = 4_000
    """The first line or message of a failure."""
    text_chars: int = 64_000
    """The trace of a failure: head and tail are kept."""
    links_per_attempt: int = 20
    services_per_case: int = 100
    archive_members: int = 10_000
    """Files and folders in an archive, those of the archives inside it included."""
    archive_bytes: int = 512 * MEBIBYTE
    """All members of an archive together, as they are read."""
    archive_ratio: int = 200
    """Bytes read for each byte stored, of a compressed file or member of more than a mebibyte."""
    fetch_seconds: int = 300
    """To fetch one URL, redirects and all."""
