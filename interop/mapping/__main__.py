"""``python -m interop.mapping FAMILY [--source]``: load tables and say whether they hold; or print what they compile to."""

from __future__ import annotations

import sys

from interop.mapping.library import Family
from interop.mapping.refusal import TablesRefused


def main(arguments: list[str]) -> int:
    """Exit 1 where the tables are refused."""
    names = [argument for argument in arguments if not argument.startswith("-")]
    failed = 0
    for name in names:
        try:
            loaded = Family.load(name)
        except TablesRefused as refused:
            print(refused, file=sys.stderr)
            failed = 1
            continue
        if "--source" in arguments:
            print(loaded.source)
        else:
            rows = len(loaded.model.tables.elements)
            print(f"{name}: {len(loaded.model.tables.routes)} message types, {len(loaded.model.resources)} resources, {rows} rows, digest {loaded.digest}")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
