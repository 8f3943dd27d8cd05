"""``$takedown``: what came about the wrong person is taken back, and everyone who saw it is listed, for the privacy officer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import orjson

from interop.api.asgi import Response
from interop.api.fhir.permits import author_of
from interop.api.operations.declaring import reason
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput, Said, as_parameters, parts, resource
from interop.api.sightings import Concern, Sighting, about, sightings, tell
from interop.apply.drafts import foreign
from interop.apply.journalled import ADAPTERS, TAKEDOWN, TAKEN, keys_of
from interop.apply.takedown import DOWN, Taken
from interop.clock import instant
from interop.errors import Problem
from interop.fhir import facts
from interop.store.plan import Heads, Message, Versions
from interop.store.values import Entry, Head

T = TypeVar("T")
Key = tuple[str, str]


async def takedown(asked: Asked) -> Response:
    """Parameters: what was taken down (``resource``) and who saw it (``seen``); with ``dry-run`` what would be, and how many have.

    Raises Problem ``forbidden``, ``bad-parameter``, ``not-found``, ``audit-unavailable``."""
    asked.services.decide(asked.request, "$takedown")
    why, dry = reason(asked), asked.inputs.flag("dry-run")
    message, reference = asked.inputs.number("message"), asked.inputs.text("reference")
    if (message is None) == (not reference):
        raise BadInput("message", "", "name a message, or a resource by reference")
    if message is None:
        message, key = await _meant(asked, reference)
        keys = [key]
    else:
        keys = await _written(asked, message)
    if not keys:
        return await _message(asked, message, why, dry=dry)
    return await _resources(asked, keys, why, dry=dry)


async def _meant(asked: Asked, reference: str) -> tuple[int, Key]:
    """The message that a resource came with, or 0 where the API wrote it."""
    type_, _, id_ = reference.partition("/")
    if facts.kind(type_) != "resource" or not id_:
        raise BadInput("reference", "", "Type/id of a resource is wanted")
    heads: list[Head] = await asked.services.store.query(Heads(((type_, id_),)))
    if not heads or not heads[0].version:
        raise Problem("not-found")
    if not foreign(heads[0]):
        return 0, (type_, id_)
    numbers = sorted({message for _, _, _, message, _ in await asked.services.store.query(Versions(((type_, id_),)))})
    if len(numbers) > 1:
        said = ", ".join(map(str, numbers))
        raise BadInput("reference", "", f"the resource comes of more than one message ({said}): name the one that is wrong")
    return numbers[0], (type_, id_)


async def _written(asked: Asked, message: int) -> list[Key]:
    """The resources that a message of the API wrote; none where it came by a feed."""
    found: list[Entry] = await asked.services.store.query(Message(message))
    if not found:
        raise Problem("not-found")
    return keys_of(found[0]) if found[0].adapter in ADAPTERS and found[0].feed != TAKEN else []


async def _message(asked: Asked, message: int, why: str, *, dry: bool) -> Response:
    services = asked.services
    takedowns = services.takedowns
    if takedowns is None:
        raise Problem("not-found")
    removal = await takedowns.plan(message)
    if dry and removal.message.reason != DOWN:
        of = Concern(tuple((one.type, one.id) for one in removal.taken), removal.patients, removal.message.finished)
        return await _told(asked, [0], removal.taken, of.patients, await _seen(asked, of), dry=True)
    number = await _whole(takedowns.ask(message, why, author_of(asked.request), services.audit))
    of, seen = await _whole(_tell(asked, number))
    known = {(one.type, one.id): one for one in removal.taken}
    taken = [known.get(key, Taken(*key, (), False, 0)) for key in of.keys]
    return await _told(asked, [number], taken, of.patients, seen)


async def _resources(asked: Asked, keys: list[Key], why: str, *, dry: bool) -> Response:
    """One after the other, each an entry of its own."""
    store, numbers = asked.services.store, list[int]()
    seen: dict[str, Sighting] = {}
    patients: dict[str, None] = {}
    taken: list[Taken] = []
    for key in keys:
        versions = await store.query(Versions((key,)))
        if not versions:
            raise Problem("not-found")
        heads: list[Head] = await store.query(Heads((key,)))
        if foreign(heads[0]):
            raise Problem("feed-owned")
        (last,) = await store.query(Message(heads[0].message))
        done = last.message if last.feed == TAKEN and last.type.startswith(TAKEDOWN) else 0
        (first,) = await store.query(Message(versions[0][3]))
        of = Concern((key,), await about(store, (key,)), first.received)
        if dry and not done:
            found = await _seen(asked, of)
        else:
            if not done:
                said = orjson.dumps({"reason": why, "since": of.since})
                done = (await asked.services.writes.take_down(key, said, author_of(asked.request))).message
            of, found = await _whole(_tell(asked, done))
            numbers.append(done)
        seen.update((one.event, one) for one in found)
        patients.update(dict.fromkeys(of.patients))
        taken.append(Taken(*key, (), True, 0 if heads[0].deleted and not dry else len(versions)))
    return await _told(asked, numbers, taken, tuple(patients), list(seen.values()), dry=dry)


async def _seen(asked: Asked, of: Concern) -> list[Sighting]:
    trail = asked.services.trail
    return await sightings(trail, asked.services.audit, of) if trail is not None else []


async def _tell(asked: Asked, number: int) -> tuple[Concern, list[Sighting]]:
    trail = asked.services.trail
    if trail is None:
        raise Problem("audit-unavailable")
    return await tell(asked.services.store, trail, asked.services.audit, number, asked.request.asker)


async def _told(
    asked: Asked, numbers: list[int], taken: list[Taken], patients: tuple[str, ...], seen: list[Sighting], *, dry: bool = False
) -> Response:
    asked.request.account.patients.update(dict.fromkeys(patients))
    people = len({one.who for one in seen})
    said: list[Said] = [("dry-run", "valueBoolean", dry)]
    said += [("takedown", "valuePositiveInt", number) for number in numbers if number]
    said += [("resource", "part", _resource(one)) for one in taken]
    said.append(("people", "valueUnsignedInt", people))
    said += [] if dry else [("seen", "part", _sighting(one)) for one in sorted(seen)]
    return resource(as_parameters(*said))


def _resource(one: Taken) -> list[dict[str, object]]:
    return parts(
        ("reference", "valueString", f"{one.type}/{one.id}"),
        ("gone", "valueBoolean", one.gone),
        ("withheld", "valueUnsignedInt", one.withheld),
        *[("path", "valueString", f"{one.type}.{path}") for path in one.paths],
    )


def _sighting(one: Sighting) -> list[dict[str, object]]:
    return parts(
        ("when", "valueInstant", instant(one.time)),
        ("user", "valueString", one.user),
        ("role", "valueCode", one.role),
        ("organisation", "valueString", one.organisation),
        ("purpose", "valueCode", one.purpose),
        ("how", "valueString", one.interaction),
        ("what", "valueString", one.type),
        ("event", "valueId", one.event),
    )


async def _whole(work: Awaitable[T]) -> T:
    """What is begun goes on to its end though the client may have gone."""
    return await asyncio.shield(asyncio.ensure_future(work))
