"""The table of weights: how likely each comparison is among records of one person (m) and of two (u); see Fellegi and Sunter, A
Theory for Record Linkage (1969). A level weighs log2(m/u) bits; what is missing weighs nothing."""

from __future__ import annotations

from functools import cache
from math import log2
from typing import Final, NamedTuple

from interop.identity.levels import FIELDS, MISSING
from interop.identity.reading import BadTable, read, rows

COLUMNS: Final = ("field", "level", "m", "u", "why")
PRIOR: Final = "prior"


class Weights(NamedTuple):
    """``prior`` and ``bits`` by (field, level)."""

    prior: float
    bits: dict[tuple[str, str], float]


@cache
def weights() -> Weights:
    """The table of this package; raises BadTable."""
    return read_weights(read("weights.csv"))


def read_weights(text: str) -> Weights:
    """Every level of every field once, with chances between 0 and 1 and a why; what agrees speaks for a pair, what differs
    against it. Raises BadTable."""
    bits: dict[tuple[str, str], float] = {}
    prior = 0.0
    for line, row in enumerate(rows(text, COLUMNS, "weights.csv"), 2):
        field, level = row["field"], row["level"]
        try:
            m, u = float(row["m"]), float(row["u"])
        except ValueError:
            raise BadTable(f"weights.csv, line {line}: m and u are numbers") from None
        if not (0 < m < 1 and 0 < u < 1):
            raise BadTable(f"weights.csv, line {line}: m and u are between 0 and 1")
        if not row["why"].strip():
            raise BadTable(f"weights.csv, line {line}: a row says why")
        if field == PRIOR and not prior:
            prior = log2(m / u)
            continue
        if level not in FIELDS.get(field, ()) or level == MISSING:
            raise BadTable(f"weights.csv, line {line}: there is no {field}, {level}")
        if (field, level) in bits:
            raise BadTable(f"weights.csv, line {line}: {field}, {level} is there twice")
        bits[field, level] = round(log2(m / u), 4)
    wanted = {(field, level) for field, levels in FIELDS.items() for level in levels if level != MISSING}
    if wanted - bits.keys() or not prior:
        raise BadTable(f"weights.csv lacks {sorted(wanted - bits.keys()) or PRIOR}")
    for field in FIELDS:
        exact, differs = bits.get((field, "exact")), bits.get((field, "differs"))
        if (exact is not None and exact <= 0) or (differs is not None and differs >= 0):
            raise BadTable(f"weights.csv: {field} speaks for a pair where it differs, or against it where it agrees")
    return Weights(prior, bits)
