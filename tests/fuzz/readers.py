"""Feeds an adapter and the tables of its family with bytes that reach new code, by atheris, until something undocumented is raised.

    python -m tests.fuzz.readers FAMILY [FOLDER] [-max_total_time=60] [-timeout=5] [-rss_limit_mb=500]

What follows the family goes to libFuzzer; FOLDER collects inputs of interest, and begins with the worked examples. Ends at once
where atheris is not installed.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

atheris: Any = importlib.import_module("atheris") if importlib.util.find_spec("atheris") else None


def target(name: str) -> Callable[[bytes], None]:
    """Takes bytes as the adapter of that name does, up to the contributions; raises KeyError for an unknown one."""
    from interop.errors import Problem
    from interop.ids import Mint
    from interop.mapping.assemble import assemble
    from interop.mapping.library import adapters, family_of

    adapter, mint = adapters()[name], Mint()

    def take(data: bytes) -> None:
        adapter.recognises(data[:4096])
        try:
            envelope, source = adapter.open(data)
            for one in family_of(envelope).map(source, envelope, mint).contributions:
                assemble(one.type, one.registers)
        except Problem:
            return
        assert adapter.envelope(data) == envelope

    return take


def seeds(name: str, folder: Path) -> None:
    """Write the worked examples of a family into ``folder``."""
    from interop.mapping.examples import examples

    folder.mkdir(parents=True, exist_ok=True)
    for example in examples(name):
        for number, body in enumerate(example.bodies):
            (folder / f"{example.name}-{number}").write_bytes(body)


def main(arguments: list[str]) -> int:
    """Runs one family; 2 for an unknown one."""
    if atheris is None:
        print("atheris is not installed: nothing was run")
        return 0
    with atheris.instrument_imports(include=["interop.formats", "interop.mapping", "adapters"]):
        from interop.mapping.library import adapters

        known = sorted(adapters())
    if len(arguments) < 2 or arguments[1] not in known:
        print(f"a family is needed; there are {', '.join(known)}", file=sys.stderr)
        return 2
    for folder in arguments[2:3]:
        if not folder.startswith("-"):
            seeds(arguments[1], Path(folder))
    atheris.Setup([arguments[0], *arguments[2:]], target(arguments[1]))
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
