"""Reads the tables of this package once; what cannot be right is refused when it is loaded."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


class BadTable(ValueError):
    """A table that cannot be used: file, row and reason."""


def rows(text: str, columns: tuple[str, ...], name: str) -> list[dict[str, str]]:
    """The rows of a CSV with just these columns, none of them empty; raises BadTable."""
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != columns:
        raise BadTable(f"{name}: the columns must be {','.join(columns)}")
    found = []
    for line, row in enumerate(reader, 2):
        if None in row or any(value is None for value in row.values()):
            raise BadTable(f"{name}, line {line}: {len(columns)} columns are wanted")
        found.append(row)
    return found


def read(name: str) -> str:
    """A table of the package as text."""
    return files("interop.identity.tables").joinpath(name).read_text("utf-8")


@cache
def given_names() -> dict[str, frozenset[str]]:
    """Given name -> what it may be a form of; raises BadTable."""
    return read_given_names(read("given-names.csv"))


def read_given_names(text: str) -> dict[str, frozenset[str]]:
    """The table of given names: plain letters in lower case, each line once, no form of what is no name itself."""
    found: dict[str, set[str]] = {}
    for line, row in enumerate(rows(text, ("name", "of"), "given-names.csv"), 2):
        name, of = row["name"], row["of"]
        if not all(each.isascii() and each.isalpha() and each.islower() for each in (name, of)):
            raise BadTable(f"given-names.csv, line {line}: a name is plain letters in lower case")
        if of in found.setdefault(name, set()):
            raise BadTable(f"given-names.csv, line {line}: {name} of {of} is there twice")
        found[name].add(of)
    for name, forms in found.items():
        for of in forms:
            if of not in found.get(of, ()):
                raise BadTable(f"given-names.csv: {name} is of {of}, which is no name of the table")
    return {name: frozenset(forms) for name, forms in found.items()}
