"""The errors of the analysis room: arguments that make no sense, named."""

from __future__ import annotations


class AnalysisError(ValueError):
    """An argument that no analysis can be made of; the message names it and what was expected."""
