"""Logs as JSON lines on standard error, each with the process's name and roles, none with anything of a message or a person; on a
terminal as text.

What libraries and Python itself would say is told by kind alone.
"""

from __future__ import annotations

import logging
import sys

import structlog

from interop.watching.ends import is_quiet, places, quiet


def configure(**process: str) -> None:
    """From now on; ``process`` is said with each line (``name``, ``roles``). A process of ours (``quiet``) has its libraries say
    what they say here; one that only uses us keeps its own way."""

    def named(_: object, __: str, said: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {**process, **said}

    structlog.configure(
        processors=[
            named,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            _in_words if sys.stderr.isatty() else structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    if is_quiet():
        logging.getLogger().handlers[:] = [_Libraries(logging.WARNING)]
        logging.captureWarnings(True)
        quiet(**process)


def _in_words(log: object, method: str, said: structlog.typing.EventDict) -> str | bytes:
    """For whoever watches: ``HH:MM:SS level: event`` and what else is said; whose terminal it is knows which process."""
    for known in ("name", "roles"):
        said.pop(known, None)
    line = f"{said.pop('timestamp')[11:19]} {said.pop('level')}: {said.pop('event')}"
    return f"{line} {structlog.processors.JSONRenderer()(log, method, said)!s}" if said else line


class _Libraries(logging.Handler):
    """What libraries log, by logger and kind of error."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        said = {"library": record.name, "at": f"{record.module}:{record.lineno}"}
        if error is not None:
            said |= {"error": type(error).__name__, "at": places(error.__traceback__)}
        log = structlog.get_logger("interop.libraries")
        (log.error if record.levelno >= logging.ERROR else log.warning)("a library complains", **said)
