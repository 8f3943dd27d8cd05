"""``$replay``: messages of feeds are mapped again by the tables of today, for who runs the engine; it tells ids and paths alone."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from interop.api.asgi import Response
from interop.api.fhir.permits import author_of
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput, Said, as_parameters, parts, resource
from interop.apply.choosing import MOST, chosen
from interop.apply.replayed import Difference, Replayed
from interop.errors import Problem
from interop.fhir.searching import interval
from interop.ports import MessageState
from interop.store.plan import STOPPED, Message, Messages, Meta, Replayable

USUAL: Final = 200
"""Messages of a batch where nothing is said."""
FILTERS: Final = ("feed", "type", "state", "reason", "control-id", "since", "until", "after", "upto")


async def replay(asked: Asked) -> Response:
    """Parameters: how many ``messages`` were mapped again, which are in another state (``moved``) or left as they are with the
    resources in which they speak (``held``), how many are left out because their feed holds them back (``waiting``), what becomes
    of which resources (``difference``), the number after which the ``next`` batch begins, and the ``last`` of the journal.

    Raises Problem ``forbidden``, ``bad-parameter``, ``not-found``, ``audit-unavailable``."""
    asked.services.decide(asked.request, "$replay")
    resume = asked.inputs.text("resume")
    last = max([each.message for each in await asked.services.store.query(Messages(count=1))], default=0)
    numbers, after = await _held(asked, resume) if resume else await _meant(asked)
    replays = asked.services.replays
    if replays is None:
        raise Problem("not-found")
    dry, done = asked.inputs.flag("dry-run"), 0
    if dry:
        told = await replays.plan(numbers, resume=bool(resume))
    else:
        work = asyncio.ensure_future(replays.ask(numbers, author_of(asked.request), asked.services.audit, resume))
        done, told = await asyncio.shield(work)  # what is begun goes on to its end though the client may have gone
    return _told(asked, told, done, (after, last), dry=dry)


async def _held(asked: Asked, feed: str) -> tuple[list[int], int]:
    """The first of the messages that a feed holds back that stands still. Raises Problem ``bad-parameter`` where it goes on."""
    if asked.inputs.every("message") or asked.inputs.flag("all") or any(asked.inputs.text(name) for name in FILTERS):
        raise BadInput("resume", "", "it is all that the feed holds back: leave out messages and filters")
    if not any(await asked.services.store.query(Meta(STOPPED + feed))):
        raise BadInput("resume", "", f"the feed {feed} does not stand still")
    numbers, _ = await chosen(asked.services.store, Replayable(feed, state=MessageState.HELD, count=USUAL))
    return numbers, 0


async def _meant(asked: Asked) -> tuple[list[int], int]:
    """The messages of this batch, and after which the next begins; 0 where there is none."""
    named = [int(each) for each in asked.inputs.every("message")]
    count = asked.inputs.number("count") or USUAL
    if count > MOST or len(named) > MOST:
        raise BadInput("message" if named else "count", "", f"at most {MOST} messages are replayed at a time")
    if named:
        if any(asked.inputs.text(name) for name in FILTERS):
            raise BadInput("message", "", "name messages, or a filter")
        for number in named:
            if not await asked.services.store.query(Message(number)):
                raise Problem("not-found", detail=f"message {number}")
        return named, 0
    if not (asked.inputs.flag("all") or any(asked.inputs.text(name) for name in FILTERS[:-2])):
        raise BadInput("message", "", "say which messages: by number, by a filter, or all")
    return await chosen(asked.services.store, _plan(asked, count))


def _plan(asked: Asked, count: int) -> Replayable:
    text, number = asked.inputs.text, asked.inputs.number
    state = text("state")
    if state and state not in {MessageState.APPLIED, MessageState.REFUSED, MessageState.FAILED, MessageState.SHELVED}:
        raise BadInput("state", "", "it is one of applied, refused, failed, shelved")
    return Replayable(
        text("feed"), text("type"), state, text("reason"), text("control-id"), _time(asked, "since"), _time(asked, "until"),
        number("after") or 0, number("upto") or 0, count,
    )  # fmt: skip


def _time(asked: Asked, name: str) -> int:
    said = asked.inputs.text(name)
    found = interval(said) if said else None
    return found[0] if found is not None else 0


def _told(asked: Asked, told: Replayed, done: int, place: tuple[int, int], *, dry: bool) -> Response:
    after, last = place
    asked.request.account.patients.update(dict.fromkeys(sorted(told.patients)))
    said: list[Said] = [("dry-run", "valueBoolean", dry)]
    said += [("replay", "valuePositiveInt", done)] if done else []
    said.append(("messages", "valueUnsignedInt", told.messages))
    said += [("waiting", "valueUnsignedInt", told.waiting)] if told.waiting else []
    said.append(("last", "valueUnsignedInt", last))
    said += [("next", "valueUnsignedInt", after)] if after else []
    for number, before, now in told.moved:
        moved = parts(("message", "valuePositiveInt", number), ("before", "valueCode", before), ("now", "valueCode", now))
        said.append(("moved", "part", moved))
    for held in told.held:
        resources = [("reference", "valueString", f"{type_}/{id_}") for type_, id_ in held.resources]
        each = parts(("message", "valuePositiveInt", held.message), ("why", "valueCode", held.why), *resources)
        said.append(("held", "part", each))
    said += [("difference", "part", _difference(one)) for one in told.differences]
    return resource(as_parameters(*said))


def _difference(one: Difference) -> list[dict[str, Any]]:
    return parts(
        ("reference", "valueString", f"{one.type}/{one.id}"),
        ("kind", "valueCode", one.kind),
        ("message", "valuePositiveInt", one.message or None),
        *[(kind, "valueString", f"{one.type}.{path}") for path, kind in one.paths.items()],
    )
