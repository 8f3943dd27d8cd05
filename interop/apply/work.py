"""Writes that are done together, while they are computed: which resources they mean and what these are to become."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from interop.apply.asked import CREATE, DELETE, ORDER, PATCH, UPDATE, Asked, Criteria, Key, Resource
from interop.apply.drafts import Draft, checked, foreign, there
from interop.apply.journalled import TURN, Step
from interop.apply.locks import CRITERIA
from interop.apply.permitting import PATIENT, about_seen
from interop.apply.placed import placed
from interop.apply.resolving import Slot, Targets, base_of, conditional, resolve, slots
from interop.apply.within import Within
from interop.careplan.contact import FLAG, how_told
from interop.clocks.tasks import SYSTEM, moved
from interop.clocks.tasks import TYPE as CLOCK
from interop.errors import Problem
from interop.formats.json import SIZE, load_json
from interop.formats.limits import bounded
from interop.ids import minted
from interop.policy.secrets import TYPE as SECRET
from interop.policy.secrets import masked, unmasked
from interop.store.values import Head

Name = tuple[str, str]
Find = Callable[[str, str], Awaitable[str | None]]
"""The id of the one resource of a type that criteria find, None for none; raises Problem ``several-matches``."""


AUTHORED = ("CarePlan",)
"""Types of which many authors make one whole: nobody writes in what another organisation has contributed (docs/decisions/0074)."""
LARGE = 256 * 1024
"""Bytes from which a resource is checked beside the loop."""


class Meant(NamedTuple):
    """The resource that a write means: its id, None for one that is to be made under an id of ours, '' for none at all;
    ``found``: by criteria."""

    id: str | None
    found: bool = False


class Work:
    """``keys`` are the resources that the writes mean, in their order; ``heads`` what there is of them; ``idle`` are those that
    write nothing: what they mean is found, or not there to be deleted.

    Raises Problem ``same-resource`` where two mean the same one: which of them is to count, nothing says.
    """

    def __init__(
        self, asked: Sequence[Asked], meant: Sequence[Meant], heads: Mapping[Key, Head], new_id: Callable[[], str]
    ) -> None:
        self.asked, self.heads = asked, heads
        self.keys: list[Key] = []
        self._meant = meant
        self.idle: list[bool] = []
        self._made: dict[Name, Key] = {}
        only_found: dict[Key, bool] = {}
        for one, each in zip(asked, meant, strict=True):
            name = criteria_name(one.criteria) if one.criteria is not None and one.method == CREATE else None
            again = name in self._made
            key = self._made[name] if again and name else (one.type, new_id() if each.id is None else each.id)
            if name:
                self._made[name] = key
            idle = again or each.id == "" or (one.method == CREATE and each.found)
            if key in only_found and not again and each.id != "" and not (idle and only_found[key]):
                raise Problem("same-resource", where=one.place)
            only_found.setdefault(key, idle)
            self.idle.append(idle)
            self.keys.append(key)
        self._resources = [one.resource for one in asked]
        self._within = Within(())
        self._linked: list[tuple[Slot, str]] = []

    @property
    def resources(self) -> list[Resource | None]:
        """What is to be kept under each key; None of what is deleted."""
        return [None if idle else resource for idle, resource in zip(self.idle, self._resources, strict=True)]

    def permit(self, update_creates: bool) -> None:
        """Whether each write may be done on what there is; raises Problem ``feed-owned``, ``stale-version``, ``not-found``,
        ``gone``, ``id-taken``, ``not-allowed``, ``bad-parameter``."""
        for one, each, key, idle in zip(self.asked, self._meant, self.keys, self.idle, strict=True):
            if not idle:
                with placed(one.place):
                    _permit(one, each, key, self.heads.get(key), one.own or (update_creates and one.permit is None))

    def patch(self) -> None:
        """Make the resources that patches leave; raises what ``Asked.change`` raises."""
        for place, (one, key) in enumerate(zip(self.asked, self.keys, strict=True)):
            if one.change is not None:
                with placed(one.place):
                    self._resources[place] = _patched(one, key, self.heads[key])

    def unmask(self) -> bool:
        """Let headers of Subscriptions that come back masked be what is kept; whether any did. Raises Problem ``bad-value``."""
        some = False
        for place, (one, key, resource) in enumerate(zip(self.asked, self.keys, self._resources, strict=True)):
            if one.type == SECRET and resource is not None and not one.own and not self.idle[place]:
                head = self.heads.get(key)
                with placed(one.place):
                    meant = unmasked(resource, head.body if head is not None and there(head) else b"")
                some = some or meant is not resource
                self._resources[place] = meant
        return some

    def clocks(self) -> None:
        """Raise Problem ``engine-owned`` where a client moves a clock: with each new due time somebody would be told anew."""
        for one, key, resource in zip(self.asked, self.keys, self.resources, strict=True):
            head = self.heads.get(key)
            if one.own or key[0] != CLOCK or resource is None or head is None or not (there(head) and minted(key[1])):
                continue
            if SYSTEM.encode() in head.body and (name := moved(resource, load_json(head.body, values=None))):
                with placed(one.place):
                    raise Problem("engine-owned", where=f"{CLOCK}.{name}", detail="the times of a clock follow from what happens")

    def choices(self) -> None:
        """Raise Problem ``engine-owned`` where a client writes over, or takes away, what the engine keeps of how a person wants to
        be told of news: who may write down what is clinical may not therefore speak for them."""
        for one, key, idle in zip(self.asked, self.keys, self.idle, strict=True):
            head = self.heads.get(key)
            if one.own or idle or key[0] != FLAG or head is None or not (there(head) and minted(key[1])):
                continue
            if how_told(load_json(head.body, values=None)):
                with placed(one.place):
                    raise Problem("engine-owned", where=FLAG, detail="it is said by $record-contact-choices")

    async def link(self, find: Find) -> None:
        """Let references between entries, and those by criteria, lead to what is kept; raises Problem ``no-match``,
        ``several-matches``."""
        written = {key for key, idle in zip(self.keys, self.idle, strict=True) if not idle}

        def version(key: Key) -> int:
            head = self.heads.get(key)
            return (head.version if head is not None else 0) + (key in written)

        entries = {one.full_url: key for one, key in zip(self.asked, self.keys, strict=True) if one.full_url and key[1]}
        referred: dict[str, Key] = {}
        kept = zip(self.keys, self._resources, self.idle, strict=True)
        self._within = Within((key, resource) for key, resource, idle in kept if resource is not None and not idle)
        targets = Targets(entries, referred, version)
        for place, (one, resource) in enumerate(zip(self.asked, self._resources, strict=True)):
            if resource is not None and not self.idle[place]:
                base = base_of(one.full_url)
                for slot in list(slots(resource)):
                    named = conditional(slot)
                    if named is not None and slot.value not in referred:
                        with placed(one.place):
                            referred[slot.value] = await self._referred(*named, find)
                    said = slot.value
                    resolve(slot, base, targets)
                    if slot.value is not said:
                        self._linked.append((slot, said))
            if place % TURN == TURN - 1:
                await asyncio.sleep(0)

    def unlink(self) -> None:
        """Let what was asked say what it said before ``link``: it is worked out anew, and what is made has other ids then."""
        for slot, said in reversed(self._linked):
            slot.holder[slot.at] = said
        self._linked.clear()

    async def _referred(self, type: str, text: str, find: Find) -> Key:
        """What a reference by criteria leads to: what a create or update under the same criteria makes, else the one match."""
        for one, key in zip(self.asked, self.keys, strict=True):
            if one.criteria is not None and one.method != DELETE and (one.criteria.type, one.criteria.text) == (type, text):
                return key
        found = await find(type, text)
        matches = self._within.matches(type, text) | ({(type, found)} if found is not None else set())
        if len(matches) != 1:
            raise Problem("several-matches" if matches else "no-match", where=type)
        return matches.pop()

    async def about(self) -> None:
        """Raise Problem ``forbidden`` where anything is written about a Patient whom its author may not see."""
        made = {key for key, idle in zip(self.keys, self.idle, strict=True) if not idle and key not in self.heads}
        for one, key, resource, idle in zip(self.asked, self.keys, self._resources, self.idle, strict=True):
            if one.permit is not None and resource is not None and not idle:
                with placed(one.place):
                    if one.permit.of_person and key[0] == PATIENT and key in made:
                        raise Problem("forbidden", where=PATIENT)
                    await about_seen(one.permit, one.type, resource, made)

    async def steps(self) -> list[Step]:
        """What is to be written, in the order in which a transaction does it; raises Invalid."""
        steps: list[tuple[int, Step]] = []
        for place, (one, key, resource) in enumerate(zip(self.asked, self.keys, self._resources, strict=True)):
            head = self.heads.get(key)
            if self.idle[place]:
                continue
            if one.method == DELETE:
                if there(head):
                    steps.append((ORDER[DELETE], Step(key, None, DELETE)))
            elif resource is not None:
                with placed(one.place):
                    said = key, resource, one.base
                    draft = await asyncio.to_thread(_draft, *said) if len(one.body) > LARGE else _draft(*said)
                if one.method == PATCH:
                    _grown(draft, head)
                if draft.changes(head):
                    steps.append((ORDER[one.method], Step(key, draft, one.method)))
            if place % TURN == TURN - 1:
                await asyncio.sleep(0)
        return [step for _, step in sorted(steps, key=lambda pair: pair[0])]


def criteria_name(criteria: Criteria) -> Name:
    """Criteria as the name of a lock: no resource type begins so."""
    return f"{CRITERIA}{criteria.type}", criteria.text


def _permit(one: Asked, meant: Meant, key: Key, head: Head | None, update_creates: bool) -> None:
    if one.method == UPDATE and one.resource is not None and one.resource.get("id") != key[1]:
        if one.criteria is None or "id" in one.resource:
            raise Problem("bad-parameter", where=f"{one.type}.id", detail="the id of the resource and of the address differ")
    if foreign(head):
        raise Problem("feed-owned")
    if key[0] in AUTHORED and head is not None and there(head) and head.source and head.source != one.author.organisation:
        raise Problem("feed-owned", detail="another organisation has contributed it: add a contribution of your own")
    version = head.version if head is not None else 0
    if one.expected is not None and not (version in one.expected if one.expected else there(head)):
        raise Problem("stale-version")
    if one.absent and there(head):
        raise Problem("stale-version")
    if one.method == PATCH and not there(head):
        raise Problem("gone" if version else "not-found")
    if one.method == UPDATE and meant.id is not None and not meant.found:
        if one.criteria is not None and there(head):
            raise Problem("id-taken", where=f"{one.type}.id")
        if not version and not update_creates:
            raise Problem("not-allowed", detail="an update makes no resource here: create it, the id is ours to give")


def _grown(draft: Draft, head: Head | None) -> None:
    """Raise Problem ``too-large`` where a patch makes a resource larger that is larger than a client may send."""
    if head is not None and len(draft.held) > max(len(head.body), SIZE):
        raise Problem("too-large", detail=f"more than {SIZE} bytes")
    if head is not None and draft.key[0] != "Bundle" and len(draft.held) > len(head.body):
        bounded(draft.held, ",[{")


def _draft(key: Key, resource: Resource, base: str) -> Draft:
    return Draft(key, checked(resource), base)


def _patched(one: Asked, key: Key, head: Head) -> Resource:
    assert one.change is not None
    patched = one.change(load_json(masked(one.type, head.body), values=None))
    if (patched.get("resourceType"), patched.get("id")) != key:
        raise Problem("bad-parameter", where=f"{one.type}.id", detail="a patch changes neither the type nor the id of a resource")
    return patched
