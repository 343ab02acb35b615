"""Refused files for a bug report: a folder or a tar of copies, with `rejected.json` that says what each is.

Copies are the strangers' bytes as they are, secrets included; names are made anew, of letters and digits only. A file
that is gone, came from elsewhere or has other bytes by now is only described.
"""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import IngestError
from ingest.sources.inputs import Input, open_input
from store.read.ledger import RefusedFile
from tui.answers.retrying import digest_of, source_of, why_missing
from tui.exports.documents import refused_json
from tui.exports.files import usual_mode
from tui.exports.shapes import Json
from tui.output import json_text

_UNSAFE = re.compile(r"[^0-9A-Za-z._-]+")
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Exported:
    """One refused file and its copy."""

    row: RefusedFile
    copy: str | None
    """Name within the export; None: it is only described."""
    missing: str = ""


def export_refused(rows: Sequence[RefusedFile], target: Path) -> tuple[Exported, ...]:
    """Write refused files into a new folder, or into a tar where the target is named `.tar`, `.tar.gz` or `.tgz`.

    Raises:
        OSError: it cannot be written, or the folder is there already.
    """
    if target.suffix not in (".tar", ".gz", ".tgz"):
        target.mkdir()
        return _fill(rows, target)
    parent = target.absolute().parent
    with tempfile.TemporaryDirectory(dir=parent, prefix=f".{target.name}.") as folder:
        place, packed = Path(folder) / "rejected", Path(folder) / "packed.part"
        place.mkdir()
        done = _fill(rows, place)
        with tarfile.open(packed, "w") if target.suffix == ".tar" else tarfile.open(packed, "w:gz") as archive:
            archive.add(place, "rejected", filter=_without_owner)
        os.chmod(packed, usual_mode())
        os.replace(packed, target)
    return done


def exported_document(done: Sequence[Exported]) -> Json:
    """`rejected.json`, and `crywolf rejected --export --json`."""
    return {
        "rejected": [
            refused_json(one.row) | {"copy": one.copy, "missing": one.missing or None}
            for one in sorted(done, key=lambda one: (one.row.path, one.row.line or 0, one.row.reason))
        ]
    }


def _fill(rows: Sequence[RefusedFile], folder: Path) -> tuple[Exported, ...]:
    copies: dict[str, str] = {}
    done = []
    for row in rows:
        place = source_of(row)
        if place is None:
            done.append(Exported(row, None, why_missing(row)))
            continue
        location = place[1]
        if location == os.fsdecode(row.location) and row.digest and digest_of(location) != row.digest:
            done.append(Exported(row, None, "has other bytes by now"))
            continue
        if location not in copies:
            name = f"{row.number:05d}-{_UNSAFE.sub('_', os.path.basename(location))[-_LONGEST_NAME:]}"
            if not _copy(location, folder / name):
                done.append(Exported(row, None, "cannot be read"))
                continue
            copies[location] = name
        done.append(Exported(row, copies[location]))
    (folder / "rejected.json").write_text(json_text(exported_document(done)), encoding="utf-8")
    return tuple(done)


def _copy(location: str, target: Path) -> bool:
    """Whether a file could be copied."""
    try:
        source = open_input(Input(location, Path(location), None, None, is_explicit=False))
        with source, target.open("xb") as copy:
            shutil.copyfileobj(source, copy)
    except (IngestError, PermissionError):
        return False
    return True


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Who made it is nobody's business."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
