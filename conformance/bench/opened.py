"""Reading alone: ``python -m conformance.bench.opened FILE...`` opens every message as the engine does, and maps none."""

from __future__ import annotations

import sys
from pathlib import Path

from interop.cli.reading import messages


def main() -> None:
    """The process."""
    for name in sys.argv[1:]:
        for adapter, body in messages(Path(name)):
            adapter.open(body)
            sys.stdout.buffer.write(b"{}\n")


if __name__ == "__main__":
    main()
