"""The API of a BaRS receiver: ``POST $process-message``, ``GET metadata`` and ``GET MessageDefinition`` (BaRS API and Core).

``X-Request-Id`` and ``X-Correlation-Id`` are GUIDs that every request has and every answer gives back. ``NHSD-Target-Identifier``
is base64 of a JSON object with system and value; it is read where it is there: the national proxy has found the way here by it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from typing import Any, Final

from adapters.bars.definitions import capability, definition, definitions
from adapters.bars.envelope import header_of
from adapters.bars.outcomes import DUPLICATE, INVARIANT, NOT_IMPLEMENTED
from adapters.bars.replies import Notation, accepted, faulty, given, notation_of
from interop.errors import Problem
from interop.formats.resources import is_xml
from interop.ports import Call, Intake, Receipt, Reply

OPERATION: Final = "/$process-message"
METADATA: Final = "/metadata"
DEFINED: Final = "/MessageDefinition"
OTHERS: Final = frozenset({"Appointment", "DocumentReference", "ServiceRequest", "Slot"})
"""Endpoints of the standard's API that this receiver does not have: what it knows is read at the engine's own."""
REASONS: Final = frozenset({"new", "update", "delete"})
"""Why a message is sent, of which each event has its own."""
MIRRORED: Final = ("X-Request-Id", "X-Correlation-Id")
TARGET: Final = "NHSD-Target-Identifier"
_GUID: Final = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


async def answer(call: Call, feed: str, intake: Intake, adapter: str) -> Reply:
    """The answer to a request; nothing positive before its receipt. Never raises: what goes wrong is an OperationOutcome."""
    back = tuple((name, said.decode("ascii")) for name in MIRRORED if (said := _header(call, name)) and _GUID.fullmatch(said))
    notation = Notation.JSON
    try:
        notation = wanted(call)
        if call.refusal is not None:
            raise call.refusal
        if call.path == METADATA:
            _method(call, "GET")
            return given(capability([each.value for each in Notation]), notation, back)
        if call.path == DEFINED or call.path.startswith(f"{DEFINED}/"):
            _method(call, "GET")
            return given(_definition(call.path), notation, back)
        if call.path.partition("/")[2].partition("/")[0] in OTHERS:
            return faulty(Problem("not-found"), notation, back, said=NOT_IMPLEMENTED)
        if call.path.replace("%24", "$") != OPERATION:
            raise Problem("not-found")
        _method(call, "POST")
        return await _message(call, feed, intake, adapter, notation, back)
    except Problem as problem:
        allow = (
            (("Allow", "POST" if call.path.replace("%24", "$") == OPERATION else "GET"),)
            if problem.reason.name == "not-allowed"
            else ()
        )
        return faulty(problem, notation, (*back, *allow))
    except Exception:
        return faulty(Problem("fault"), notation, back)


async def _message(
    call: Call, feed: str, intake: Intake, adapter: str, notation: Notation, back: tuple[tuple[str, str], ...]
) -> Reply:
    """Hand the message over and answer when it is on disk."""
    problem = call.problem or _wrong(call)
    if problem is not None:
        receipt = await intake.refuse(feed, call.body, problem)
        return faulty(receipt.problem or problem, notation, back, receipt.message)
    if (problem := _out_of_workflow(call.body)) is not None:
        receipt = await intake.refuse(feed, call.body, problem)
        return faulty(problem, notation, back, receipt.message, said=INVARIANT)
    whose = call.caller.organisation if call.caller is not None else ""
    receipt = await intake.receive(feed, call.body, adapter=adapter, organisation=whose)
    return _told(call, receipt, notation, back)


def _told(call: Call, receipt: Receipt, notation: Notation, back: tuple[tuple[str, str], ...]) -> Reply:
    """What a receipt is in the standard: 200, 409 ``duplicate`` for what has been taken already, or the error of its problem."""
    if receipt.problem is not None:
        return faulty(receipt.problem, notation, back, receipt.message)
    if receipt.repeats:
        return faulty(Problem("wrong-content", detail="already received"), notation, back, receipt.message, said=DUPLICATE)
    return accepted(call.body, notation, back, receipt.message)


def _definition(path: str) -> dict[str, Any]:
    """One MessageDefinition or all; raises Problem ``not-found``."""
    name = path[len(DEFINED) + 1 :]
    try:
        return definition(name.removeprefix("bars-message-")) if name else definitions()
    except KeyError:
        raise Problem("not-found") from None


def _out_of_workflow(body: bytes) -> Problem | None:
    """What no workflow of the standard has: a reason to send that it does not know. What cannot be read is for others to tell."""
    from interop.formats.resources import read_resource

    try:
        header = header_of(read_resource(body))
    except Problem:
        return None
    reasons = [
        code.value for one in header.kids.get("reason", ()) for coding in one.kids.get("coding", ()) if (code := coding.kid("code"))
    ]
    return Problem("bad-value", where="MessageHeader.reason") if reasons and not REASONS & {*reasons} else None


def wanted(call: Call) -> Notation:
    """The notation of the answer: as ``Accept`` has it, else as the body came; raises Problem ``not-acceptable``."""
    accept = (_header(call, "Accept") or b"").decode("latin-1")
    own = Notation.XML if call.body and is_xml(call.body) else Notation.JSON
    if not accept.strip():
        return own
    for said in accept.split(","):
        media = said.partition(";")[0].strip().lower()
        if media in ("*/*", "application/*"):
            return own
        found = notation_of(media)
        if found is not None:
            return found
    raise Problem("not-acceptable")


def _wrong(call: Call) -> Problem | None:
    """What is wrong with the headers of a message; None where nothing is."""
    media = (_header(call, "Content-Type") or b"").decode("latin-1").partition(";")[0].strip().lower()
    if media and notation_of(media) is None:
        return Problem("media-type", where="Content-Type")
    for name in MIRRORED:
        said = _header(call, name)
        if not said:
            return Problem("missing-field", where=name)
        if not _GUID.fullmatch(said):
            return Problem("bad-parameter", where=name)
    target = _header(call, TARGET)
    if target is not None and not _names_a_service(target):
        return Problem("bad-parameter", where=TARGET)
    return None


def _names_a_service(text: bytes) -> bool:
    """Whether this is base64 of a JSON object with system and value."""
    from interop.formats.json import load_json

    try:
        said = load_json(b64decode(text + b"=" * (-len(text) % 4), validate=True))
    except (Problem, Error, ValueError):
        return False
    return isinstance(said, Mapping) and all(isinstance(said.get(name), str) and said[name] for name in ("system", "value"))


def _header(call: Call, name: str) -> bytes | None:
    said = call.headers.get(name.lower().encode("ascii"))
    return said.strip() if said is not None else None


def _method(call: Call, allowed: str) -> None:
    if call.method != allowed:
        raise Problem("not-allowed")
