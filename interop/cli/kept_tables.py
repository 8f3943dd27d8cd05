"""``interop tables --kept`` and ``--write``: the tables that messages were mapped by, as they were then."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from interop.cli.messages import read
from interop.clock import instant
from interop.mapping.packed import Kept
from interop.mapping.places import mappings_root
from interop.mapping.refusal import Refusals
from interop.mapping.tables import families, read_tables
from interop.store.plan import KeptTables


def kept(data: Path, database: str | None, family: str | None, *, as_json: bool) -> int:
    """List what is kept, by when it was first used; 1 where there is no record."""
    found = read(data, database, KeptTables())
    if found is None:
        return 1
    present = _present()
    for digest, first, content in found:
        one = Kept(content)
        if family not in (None, one.family):
            continue
        said = {
            "digest": digest,
            "family": one.family,
            "site": one.site,
            "first": instant(first) if first else "",
            "present": digest in present,
        }
        if as_json:
            print(json.dumps(said))
        else:
            of = f"{one.family} of {one.site}" if one.site else one.family
            print(f"{digest}  {said['first'] or 'unknown':27}  {of}{'  (present)' if said['present'] else ''}")
    return 0


def write(data: Path, database: str | None, digest: str, directory: Path, *, as_json: bool) -> int:
    """Write the tables of a digest, or of the only one that begins so, to a directory; 1 where they are not kept or cannot be."""
    found = read(data, database, KeptTables())
    if found is None:
        return 1
    meant = [(name, content) for name, _, content in found if digest and name.startswith(digest)]
    if len(meant) != 1:
        how = "No tables are kept" if not meant else "Several tables are kept"
        print(f"{how} under {digest}: interop tables --kept lists the digests.", file=sys.stderr)
        return 1
    name, one = meant[0][0], Kept(meant[0][1])
    if one.digest(directory) not in {"", *_present(), *(digest for digest, _, _ in found)}:
        print(f"The tables of {one.family} in {directory} are kept nowhere else: name a new directory.", file=sys.stderr)
        return 1
    try:
        made = one.write(directory, mappings_root())
    except OSError as error:
        print(f"{directory} cannot be written ({error.strerror}): name a new directory.", file=sys.stderr)
        return 1
    if made != name:
        print(f"The tables in {directory} have the digest {made}: begin with a new directory.", file=sys.stderr)
        return 1
    said = {"digest": name, "family": one.family, "site": one.site, "directory": str(directory)}
    print(json.dumps(said) if as_json else f"{one.family} is in {directory} as it was: interop serve --mappings {directory}")
    return 0


def _present() -> set[str]:
    """The digests of the tables of today."""
    found = set()
    for name in families():
        tables = read_tables(name, Refusals())
        found |= {tables.digest, *(read_tables(name, Refusals(), site=site).digest for site in tables.sites)}
    return found
