"""Logs as JSON lines on standard error, each with the process's name and roles, none with anything of a message or a person.

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
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    if is_quiet():
        logging.getLogger().handlers[:] = [_Libraries(logging.WARNING)]
        logging.captureWarnings(True)
        quiet(**process)


class _Libraries(logging.Handler):
    """What libraries log, by logger and kind of error."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        said = {"library": record.name, "at": f"{record.module}:{record.lineno}"}
        if error is not None:
            said |= {"error": type(error).__name__, "at": places(error.__traceback__)}
        log = structlog.get_logger("interop.libraries")
        (log.error if record.levelno >= logging.ERROR else log.warning)("a library complains", **said)
