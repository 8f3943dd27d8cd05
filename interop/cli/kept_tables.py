"""``interop tables --kept`` and ``--write``: the tables that messages were mapped by, as they were then."""

from __future__ import annotations

from pathlib import Path

from interop.cli.messages import read
from interop.cli.shown import moment, one, several, wrong
from interop.clock import SystemClock, instant
from interop.mapping.packed import Kept
from interop.mapping.places import mappings_root
from interop.mapping.reading import families, read_tables
from interop.mapping.refusal import Refusals
from interop.store.plan import KeptTables

COLUMNS = ("digest", "family", "site", "first", "present")


def kept(data: Path, database: str | None, family: str | None, *, as_json: bool) -> int:
    """List what is kept, by when it was first used; 1 where there is no record."""
    found = read(data, database, KeptTables())
    if found is None:
        return 1
    present = _present()
    tables = ((digest, first, Kept(content)) for digest, first, content in found)
    lines = [
        {
            "digest": digest,
            "family": each.family,
            "site": each.site,
            "first": instant(first) if first else "",
            "present": digest in present,
        }
        for digest, first, each in tables
        if family in (None, each.family)
    ]
    if not as_json:
        now = instant(SystemClock().now())
        lines = [line | {"first": moment(line["first"], now)} for line in lines]
    several(lines, COLUMNS, as_json=as_json, nothing="No message has been mapped yet.")
    return 0


def write(data: Path, database: str | None, digest: str, directory: Path, *, as_json: bool) -> int:
    """Write the tables of a digest, or of the only one that begins so, to a directory; 1 where they are not kept or cannot be."""
    found = read(data, database, KeptTables())
    if found is None:
        return 1
    meant = [(name, content) for name, _, content in found if digest and name.startswith(digest)]
    if len(meant) != 1:
        how = "No tables are kept" if not meant else "Several tables are kept"
        return wrong(f"{how} under {digest}: interop tables --kept lists the digests.", 1)
    name, tables = meant[0][0], Kept(meant[0][1])
    if tables.digest(directory) not in {"", *_present(), *(digest for digest, _, _ in found)}:
        return wrong(f"The tables of {tables.family} in {directory} are kept nowhere else: name a new directory.", 1)
    try:
        made = tables.write(directory, mappings_root())
    except OSError as error:
        return wrong(f"{directory} cannot be written ({error.strerror}): name a new directory.", 1)
    if made != name:
        return wrong(f"The tables in {directory} have the digest {made}: begin with a new directory.", 1)
    said = {"digest": name, "family": tables.family, "site": tables.site, "directory": str(directory)}
    one(said, f"{tables.family} is in {directory} as it was: interop serve --mappings {directory}", as_json=as_json)
    return 0


def _present() -> set[str]:
    """The digests of the tables of today."""
    found = set()
    for name in families():
        tables = read_tables(name, Refusals())
        found |= {tables.digest, *(read_tables(name, Refusals(), site=site).digest for site in tables.sites)}
    return found
