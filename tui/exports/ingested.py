"""What ingest did, as documents and sentences: one row a file, and the totals."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field

from ingest.model import Counts, FileOutcome, FileStatus

_COUNTS = tuple(asdict(Counts()))


def file_row(outcome: FileOutcome) -> dict[str, object]:
    """The JSON row of one input."""
    return {
        "path": outcome.path,
        "status": outcome.status.value,
        "format": outcome.format,
        "reason": outcome.reason,
        "line": outcome.line,
        "warnings": list(outcome.warnings),
        "counts": asdict(outcome.counts),
    }


@dataclass(slots=True)
class Tally:
    """Totals over inputs: files by status; results of the files that were newly ingested."""

    files: Counter[FileStatus] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    warnings: int = 0

    def add(self, outcome: FileOutcome) -> None:
        """Count one input; a duplicate's results are in the store already and are not counted again."""
        self.files[outcome.status] += 1
        self.warnings += len(outcome.warnings)
        if outcome.status is FileStatus.INGESTED:
            self.counts.update(asdict(outcome.counts))

    def document(self) -> dict[str, object]:
        """`files` and the four statuses count inputs, `counts` sums the ingested ones."""
        statuses = {status.value: self.files[status] for status in FileStatus}
        return {
            "files": self.files.total(),
            **statuses,
            "warnings": self.warnings,
            "counts": {name: self.counts[name] for name in _COUNTS},
        }

    def sentence(self) -> str:
        """The totals for a person.

        >>> Tally().sentence()
        '0 files: 0 ingested, 0 duplicate, 0 rejected, 0 skipped'
        """
        statuses = ", ".join(f"{self.files[status]:,} {status.value}" for status in FileStatus)
        lines = [f"{self.files.total():,} files: {statuses}"]
        if self.counts["attempts"]:
            kinds = ", ".join(f"{self.counts[name]:,} {name}" for name in _COUNTS[2:])
            lines.append(f"{self.counts['tests']:,} results, {self.counts['attempts']:,} attempts: {kinds}")
        if self.warnings:
            lines.append(f"{self.warnings:,} warnings; `--json` has them")
        return "\n".join(lines)
