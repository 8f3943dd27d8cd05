"""Fetching the inbox of a mailbox: each message stays there until it is in the journal."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.mesh.mailbox import Mailbox, Rejected, Session, Unsure
from interop.errors import Problem
from interop.ports import Pulled

NEEDED: Final = ("address", "mailbox", "password", "shared_key")
KNOWN: Final = (*NEEDED, "adapter", "workflow", "certificate", "key", "authorities")
REPORT: Final = "REPORT"
"""Mex-MessageType of what MESH itself says of a message that was sent."""
OF_ONE: Final = frozenset({"too-large", "source-error", "source-timeout"})
"""What need not be wrong with the next message."""
MOST: Final = 3
"""Messages of which no answer came, after which nothing more is asked."""
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_OF_SOURCE: Final = {"destination-denied": "source-denied", "destination-unavailable": "source-unavailable"}


async def pulled(settings: Mapping[str, Any]) -> AsyncIterator[Pulled]:
    """The messages of the inbox, oldest first. One that the engine has taken is acknowledged, one that it has refused stays, and
    so does one that cannot be had: it is told, and the next is asked for. Reports on what was sent are told and acknowledged: a
    delivery learns the same by tracking. Raises ValueError, Problem."""
    session, failed = Session(_mailbox(settings)), 0
    try:
        for message in await _asked(session.listed, str(settings.get("workflow", ""))):
            try:
                headers, body = await _asked(session.fetch, message)
            except Problem as problem:
                failed += problem.reason.name == "source-timeout"
                if problem.reason.name not in OF_ONE or failed == MOST:
                    raise
                yield Pulled(message, problem=problem)
                continue
            if headers.get("messagetype", "").upper() == REPORT:
                code = headers.get("statuscode", "")
                yield Pulled(f"report/{headers.get('linkedmsgid', message)}", problem=Problem("refused-later", detail=code))
                await _asked(session.acknowledge, message)
                continue
            one = Pulled(message, body, media_type=headers["content-type"].partition(";")[0].strip())
            yield one
            if one.taken:
                await _asked(session.acknowledge, message)
    finally:
        await asyncio.to_thread(session.close)


async def _asked(what: Any, *said: str) -> Any:
    try:
        return await asyncio.to_thread(what, *said)
    except Rejected as rejected:
        raise Problem("source-error", detail=rejected.code) from None
    except Unsure:
        raise Problem("source-timeout") from None
    except Problem as problem:
        name = _OF_SOURCE.get(problem.reason.name)
        raise (Problem(name, detail=problem.detail) if name else problem) from None


def _mailbox(settings: Mapping[str, Any]) -> Mailbox:
    for name, value in settings.items():
        if name not in KNOWN:
            raise ValueError(f"{name} is no setting of a feed that pulls from MESH: {', '.join(KNOWN)}")
        if not isinstance(value, str) or not value:
            raise ValueError(f"{name} must be text")
    if missing := [name for name in NEEDED if name not in settings]:
        raise ValueError(f"{missing[0]} is wanted")
    parts = urlsplit(settings["address"])
    if (
        not parts.hostname
        or parts.username
        or (parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE))
    ):
        raise ValueError("address must begin with https://")
    files = {name: Path(settings[name]) for name in ("certificate", "key", "authorities") if name in settings}
    if ("certificate" in files) != ("key" in files):
        raise ValueError("certificate and key go together")
    password, shared = _secret(settings["password"]), _secret(settings["shared_key"])
    return Mailbox(settings["address"], settings["mailbox"], lambda: password, lambda: shared, **files)


def _secret(variable: str) -> str:
    """A credential from the environment; raises ValueError that names the variable where it is not set."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise ValueError(f"the variable {variable} of the environment is not set")
    return value
