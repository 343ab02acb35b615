"""Many numbers of many rows, as one text a column: a number takes a fifth of the time that it takes in a row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]


def concatenated(*columns: str) -> str:
    """Columns of a query, each all its values of a group with commas between; what stands beside stays beside."""
    return ", ".join(f"group_concat({column})" for column in columns)


def numbers_of(texts: Iterable[str]) -> Ints:
    """The numbers of some such texts, one after the other."""
    import numpy as np

    whole = ",".join(texts)
    return np.fromstring(whole, dtype=np.int64, sep=",") if whole else np.zeros(0, dtype=np.int64)
