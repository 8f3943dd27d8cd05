"""``$takedown``: what came about the wrong person is taken back, and everyone who saw it is listed, for the privacy officer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import NamedTuple, TypeVar

from interop.api.asgi import Response
from interop.api.fhir.permits import author_of
from interop.api.operations.declaring import reason
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput, Said, as_parameters, parts, resource
from interop.api.sightings import Seen, Sighting, about, concern, sightings, tell
from interop.apply.drafts import foreign
from interop.apply.journalled import ADAPTERS, DOWN, TAKEN, keys_of
from interop.apply.takedown import Taken
from interop.apply.withdrawing import attached, withdrawing
from interop.apply.withdrawn import Why, Withdrawn
from interop.clock import instant
from interop.errors import Problem
from interop.fhir import facts
from interop.store.plan import Heads, Message, Versions
from interop.store.values import Entry, Head

T = TypeVar("T")
Key = tuple[str, str]


class _Answer(NamedTuple):
    """``number`` 0: nothing was done."""

    number: int
    taken: Sequence[Taken]
    patients: Sequence[str]
    seen: Seen


async def takedown(asked: Asked) -> Response:
    """Parameters: what was taken down (``resource``) and who saw it (``seen``); with ``dry-run`` what would be, and how many have.

    Raises Problem ``forbidden``, ``bad-parameter``, ``not-found``, ``feed-owned``, ``audit-unavailable``."""
    asked.services.decide(asked.request, "$takedown")
    why, dry = reason(asked), asked.inputs.flag("dry-run")
    message, reference = asked.inputs.number("message"), asked.inputs.text("reference")
    if (message is None) == (not reference):
        raise BadInput("message", "", "name a message, or a resource by reference")
    if asked.services.trail is None:
        raise Problem("not-found")
    keys: list[Key] = []
    if message is None:
        message, keys = await _meant(asked, reference)
    entry = await _entry(asked, message) if message else None
    if entry is not None and entry.reason == DOWN:
        answer = await _again(asked, int(entry.detail))
    elif entry is not None and (entry.adapter not in ADAPTERS or entry.feed == TAKEN):
        answer = await _message(asked, entry, why, dry=dry)
    else:
        about = Why(message, why, entry.finished if entry is not None else await _since(asked, keys))
        answer = await _resources(asked, keys_of(entry) if entry is not None else keys, about, dry=dry)
    return await _told(asked, answer, dry=dry and not answer.number)


async def _entry(asked: Asked, message: int) -> Entry:
    found: list[Entry] = await asked.services.store.query(Message(message))
    if not found:
        raise Problem("not-found")
    return found[0]


async def _meant(asked: Asked, reference: str) -> tuple[int, list[Key]]:
    """The message that a resource came with; 0 and the resource, with the Binaries that it attaches, where the API wrote it."""
    type_, _, id_ = reference.partition("/")
    if facts.kind(type_) != "resource" or not id_:
        raise BadInput("reference", "", "Type/id of a resource is wanted")
    store, key = asked.services.store, (type_, id_)
    heads: list[Head] = await store.query(Heads((key,)))
    if not heads or not heads[0].version:
        raise Problem("not-found")
    if not foreign(heads[0]):
        return 0, [key, *await attached(store, key)]
    numbers = sorted({message for _, _, _, message, _ in await store.query(Versions((key,)))})
    if len(numbers) > 1:
        said = ", ".join(map(str, numbers))
        raise BadInput("reference", "", f"the resource comes of more than one message ({said}): name the one that is wrong")
    return numbers[0], [key]


async def _since(asked: Asked, keys: Sequence[Key]) -> int:
    """When the first of these resources came to be."""
    numbers = {message for _, _, _, message, _ in await asked.services.store.query(Versions(tuple(keys)))}
    found = [entry for number in numbers for entry in await asked.services.store.query(Message(number))]
    return min((entry.finished for entry in found), default=0)


async def _message(asked: Asked, entry: Entry, why: str, *, dry: bool) -> _Answer:
    """What a feed sent."""
    services, takedowns = asked.services, asked.services.takedowns
    if takedowns is None:
        raise Problem("not-found")
    if dry:
        removal = await takedowns.plan(entry.message)
        keys = [(one.type, one.id) for one in removal.taken]
        return _Answer(0, removal.taken, removal.patients, await _seen(asked, keys, removal.patients, removal.message.finished))
    number, removal = await _whole(takedowns.ask(entry.message, why, author_of(asked.request), services.audit))
    if not removal.taken:
        return await _again(asked, number)
    return _Answer(number, removal.taken, removal.patients, (await _tell(asked, number))[1])


async def _resources(asked: Asked, keys: Sequence[Key], why: Why, *, dry: bool) -> _Answer:
    """What the API wrote."""
    store = asked.services.store
    patients = await about(store, keys)
    if not dry:
        number, withdrawn = await asked.services.writes.take_down(
            keys, why, author_of(asked.request), asked.services.audit, patients
        )
        if number:
            return _Answer(number, [_taken(one) for one in withdrawn], patients, (await _tell(asked, number))[1])
        if not why.message and (done := await _last(asked, keys[0])):
            return await _again(asked, done)
        return _Answer(0, (), (), Seen([], []))
    withdrawn = await withdrawing(store, keys, why.message)
    return _Answer(
        0, [_taken(one) for one in withdrawn], patients, await _seen(asked, [one.key for one in withdrawn], patients, why.since)
    )


async def _last(asked: Asked, key: Key) -> int:
    """The takedown that a resource was last written by; 0 for none."""
    heads: list[Head] = await asked.services.store.query(Heads((key,)))
    entry = await _entry(asked, heads[0].message)
    return entry.message if entry.feed == TAKEN else 0


async def _again(asked: Asked, number: int) -> _Answer:
    """What was told of a takedown before."""
    keys, seen = await _tell(asked, number)
    taken = []
    for head in await asked.services.store.query(Heads(tuple(keys))) if keys else ():
        taken.append(Taken(head.type, head.id, (), head.deleted, 0))
    return _Answer(number, sorted(taken), await about(asked.services.store, keys), seen)


def _taken(one: Withdrawn) -> Taken:
    held = one.last - one.first + 1 if one.last else 0
    return Taken(*one.key, (), one.draft is None and not one.stands, held, one.stands)


async def _seen(asked: Asked, keys: Sequence[Key], patients: Sequence[str], since: int) -> Seen:
    trail = asked.services.trail
    assert trail is not None
    return await sightings(trail, concern(asked.services.audit, keys, patients, since))


async def _tell(asked: Asked, number: int) -> tuple[list[Key], Seen]:
    trail = asked.services.trail
    assert trail is not None
    services, asker = asked.services, asked.request.asker
    keys, _, seen = await _whole(tell(services.store, trail, services.audit, number, asker, services.topics))
    return keys, seen


async def _told(asked: Asked, answer: _Answer, *, dry: bool) -> Response:
    asked.request.account.patients.update(dict.fromkeys(answer.patients))
    said: list[Said] = [("dry-run", "valueBoolean", dry)]
    said += [("takedown", "valuePositiveInt", answer.number)] if answer.number else []
    said += [("resource", "part", _resource(one)) for one in answer.taken]
    said.append(("people", "valueUnsignedInt", len({one.who for one in answer.seen.sightings})))
    said += [] if dry else [("seen", "part", _sighting(one)) for one in answer.seen.sightings]
    said += [("uncertain", "part", _gap(*each)) for each in answer.seen.gaps]
    return resource(as_parameters(*said))


def _resource(one: Taken) -> list[dict[str, object]]:
    return parts(
        ("reference", "valueString", f"{one.type}/{one.id}"),
        ("gone", "valueBoolean", one.gone),
        ("stands", "valueBoolean", one.stands),
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


def _gap(last: int, after: int) -> list[dict[str, object]]:
    return parts(("after", "valueInstant", instant(last)), ("before", "valueInstant", instant(after)))


async def _whole(work: Awaitable[T]) -> T:
    """What is begun goes on to its end though the client may have gone."""
    return await asyncio.shield(asyncio.ensure_future(work))
