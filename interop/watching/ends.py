"""How a process or a thread ends that fails: told by kind and place, for the text of an error may quote what it was about."""

from __future__ import annotations

import sys
import threading
from types import TracebackType

PLACES = 3
"""How many places of an error's way are told, the last ones."""


class Process:
    """``ours``: it runs one of our commands and nothing else, so that how it ends is ours to say."""

    ours = False


def quiet(**process: str) -> None:
    """From now on, as a JSON line on standard error with what is said of the process."""

    def ended(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        from datetime import UTC, datetime

        import orjson

        if not issubclass(kind, KeyboardInterrupt):
            said = {**process, "event": "ended by an error", "level": "critical", "error": kind.__name__, "at": places(trace)}
            said["timestamp"] = datetime.now(UTC).isoformat()
            sys.stderr.write(orjson.dumps(said).decode() + "\n")
            sys.stderr.flush()

    sys.excepthook = ended
    threading.excepthook = lambda said: ended(said.exc_type, said.exc_value, said.exc_traceback)


def is_quiet() -> bool:
    """Whether it is so in this process."""
    return getattr(sys.excepthook, "__module__", "") == __name__


def places(trace: TracebackType | None) -> str:
    """Where an error was, innermost last: ``module:line``."""
    found: list[str] = []
    while trace is not None:
        found.append(f"{trace.tb_frame.f_globals.get('__name__', '')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " ".join(found[-PLACES:])
