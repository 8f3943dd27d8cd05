"""What is said of two Patients as a pair: read for linking, and for the people who decide; written with a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from interop.store.plan import Pairs, Undecided
from interop.store.sql.statement import Steps, insert, marks, padded
from interop.store.values import Pair

PORTION: Final = 256
COLUMNS: Final = ("tie", "decision", "why", "weight", "score", "compared", "since")
NOTHING: Final = ("", "", "", 0.0, 0.0, "", 0)
"""What stands of a pair where nothing is said."""
_PAIR: Final = "p.a, p.b, " + ", ".join(f"p.{column}" for column in COLUMNS)


def pairs(plan: Pairs) -> Steps[list[Pair]]:
    found: dict[Pair, None] = {}
    for start in range(0, len(plan.patients), PORTION):
        some = padded(plan.patients[start : start + PORTION], "")
        for column in ("a", "b"):
            rows = yield f"SELECT {_PAIR} FROM pair p WHERE p.{column} IN ({marks(len(some))})", some
            found.update(dict.fromkeys(Pair(*row) for row in rows))
    return list(found)


def undecided(plan: Undecided) -> Steps[list[Pair]]:
    weight, a, b = plan.after or (0.0, "", "")
    further = "AND (p.weight < :weight OR (p.weight = :weight AND (p.a, p.b) > (:a, :b))) " if plan.after else ""
    rows = yield (
        f"SELECT {_PAIR} FROM pair p LEFT JOIN link x ON x.patient = p.a LEFT JOIN link y ON y.patient = p.b "
        f"WHERE p.why <> '' AND p.decision = '' AND coalesce(x.person, p.a) <> coalesce(y.person, p.b) {further}"
        "ORDER BY p.weight DESC, p.a, p.b LIMIT :count",
        {"count": plan.count} | ({"weight": weight, "a": a, "b": b} if plan.after else {}),
    )
    return [Pair(*row) for row in rows]


def write(said: Sequence[Pair]) -> Steps[None]:
    """What is not said of a pair stays as it is: a statement for each set of columns that is."""
    by_columns: dict[tuple[str, ...], dict[tuple[str, str], tuple[Any, ...]]] = {}
    for pair in said:
        columns = tuple(name for name, value in zip(COLUMNS, pair[2:], strict=True) if value is not None)
        row = tuple(none if value is None else value for value, none in zip(pair[2:], NOTHING, strict=True))
        by_columns.setdefault(columns, {})[pair.a, pair.b] = row
    for columns, rows in by_columns.items():
        keep = ", ".join(f"{name} = excluded.{name}" for name in columns)
        tail = f"ON CONFLICT (a, b) DO UPDATE SET {keep}" if columns else "ON CONFLICT DO NOTHING"
        yield from insert(f"pair (a, b, {', '.join(COLUMNS)})", [(*key, *row) for key, row in rows.items()], tail)
