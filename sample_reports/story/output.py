"""Where files go: renamed, compressed where asked, the same bytes every time."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

from sample_reports.story.rename import Renamer

MARKER = "crywolf.toml"
"""A folder that holds it was written by a generator and may be replaced."""


class Output:
    """A folder of input files."""

    def __init__(self, root: Path, names: Renamer) -> None:
        self.root, self.names = root, names
        if root.exists() and any(root.iterdir()):
            if not (root / MARKER).is_file():
                raise FileExistsError(f"{root} is not empty and was not written by this script; name another folder")
            shutil.rmtree(root)

    def text(self, path: str, text: str, *, packed: bool = False) -> None:
        """Write a text file, as `.gz` when packed."""
        target = self.root / (self.names(path) + (".gz" if packed else ""))
        target.parent.mkdir(parents=True, exist_ok=True)
        data = self.names(text).encode("utf-8")
        target.write_bytes(gzip.compress(data, 9, mtime=0) if packed else data)

    def json(self, path: str, document: Any, *, indent: int | None = 1, packed: bool = False) -> None:
        """Write a JSON document."""
        separators = (",", ":") if indent is None else None
        text = json.dumps(document, indent=indent, separators=separators, ensure_ascii=False)
        self.text(path, text + "\n", packed=packed)

    def lines(self, path: str, documents: list[Any]) -> None:
        """Write one JSON document a line."""
        self.text(path, "".join(json.dumps(d, separators=(",", ":"), ensure_ascii=False) + "\n" for d in documents))
