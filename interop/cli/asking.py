"""Whether somebody confirms what cannot be undone by the next command."""

from __future__ import annotations

import sys

from interop.cli.shown import wrong


def confirmed(question: str) -> bool:
    """Ask on standard error; False, and that nothing was done, where nobody is there or the answer is another than yes."""
    if not sys.stdin.isatty():
        wrong("Nothing was done: nobody is there to be asked. Add --yes where this is what you want.")
        return False
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    wrong("Nothing was done.")
    return False
