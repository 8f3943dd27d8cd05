"""Numbered migrations, forward only, data in place: ``journal/NNNN.sql`` and ``record/NNNN.sql`` for every database.

They are plain DDL over the column types INTEGER, REAL, TEXT and BLOB. What only one database takes stands beside, as
``NNNN.<name of the dialect>.sql``, and is run after the common file of that number.
"""

from __future__ import annotations

from importlib.resources import files


def migrations(name: str, dialect: str) -> list[tuple[int, str]]:
    """The migrations of ``journal`` or ``record`` for a database, in order."""
    texts: dict[int, str] = {}
    found = [file for file in files("interop.store.sql.schema").joinpath(name).iterdir() if file.name.endswith(".sql")]
    for file in sorted(found, key=lambda file: file.name.count(".")):
        number, *only, _ = file.name.split(".")
        if not only or only == [dialect]:
            texts[int(number)] = texts.get(int(number), "") + file.read_text("utf-8")
    return sorted(texts.items())
