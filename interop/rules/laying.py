"""Rows of the tables that a site may read and change: each has an id and says why it is there."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
Row = Mapping[str, str]
T = TypeVar("T")


def read_rows(where: str, lines: Sequence[str], columns: tuple[str, ...], refusals: list[str]) -> Iterator[tuple[str, Row]]:
    """The rows of a file with their ids, without blanks around; what is wrong goes to ``refusals``, with ``where`` before it."""
    reader = csv.DictReader(lines, strict=True)
    seen: set[str] = set()
    try:
        if tuple(reader.fieldnames or ()) != columns:
            refusals.append(f"{where}, row 1: the columns are {', '.join(columns)}")
            return
        for number, row in enumerate(reader, 2):
            id_ = (row.get("id") or "").strip()
            if None in row or None in row.values():
                refusals.append(f"{where}, row {id_ or number}: there are {len(columns)} columns")
            elif not ID.fullmatch(id_):
                refusals.append(f"{where}, row {id_ or number}: an id is of small letters, digits and '-', 40 at most")
            elif id_ in seen:
                refusals.append(f"{where}, row {id_}: the id is there twice")
            else:
                yield id_, {key: value.strip() for key, value in row.items()}
            seen.add(id_)
    except csv.Error as error:
        refusals.append(f"{where}: {error}")


def made_of(file: str, rows: Mapping[str, Row], refusals: list[str], made: Callable[[Row], T]) -> dict[str, T]:
    """What is made of each row, by id; a ValueError of ``made``, or a row that does not say why, is a refusal."""
    found: dict[str, T] = {}
    for id_, row in rows.items():
        try:
            if not row["why"]:
                raise ValueError("a row says why it is there")
            found[id_] = made(row)
        except ValueError as error:
            refusals.append(f"{file}, row {id_}: {error}")
    return found
