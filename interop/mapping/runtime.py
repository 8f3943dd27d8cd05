"""What generated code works with: one Run a message, one Instance a resource of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from interop.formats.tree import Node
from interop.ids import NHS_NUMBER, Mint, NhsNumber, Standing
from interop.mapping.contribution import Contribution, Loss, Mapped, Relink
from interop.mapping.joined import join, name_once
from interop.mapping.kept import Unit
from interop.ports import Envelope

LOCAL = "urn:interop:id:"
FLAGS = "urn:interop:flag"
OWN = "urn:interop:codes:"
"""A key within one of these is the same whoever sends it."""
NULL = '""'
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+", re.ASCII)

Key = tuple[str, str]
Trace = Callable[[str, "Instance", str, str, Any], None]
"""Told of every element set: row, instance, register, source path, value. Only in traced code."""


MEMORY = 8_192
"""Texts of clinicians, wards and organisations that a family remembers before it begins anew."""


class Shared:
    """What is made once for all occurrences of the same source text: the contribution, its key, its losses."""

    __slots__ = ("at", "contribution", "key", "losses", "reference", "slot")

    def __init__(self, contribution: Contribution, key: Key, losses: list[Loss]) -> None:
        self.contribution, self.key, self.losses = contribution, key, losses
        self.reference = f"{contribution.type}/{contribution.id}"
        self.slot = contribution.type, contribution.id, True
        self.at: dict[Any, Instance] = {}
        """The occurrences by name and place; the same ones in every message, which changes nothing about them."""

    def occurrence(self, name: str, place: Any) -> Instance:
        """The occurrence at a place."""
        one = self.at.get((name, place))
        if one is None:
            one = self.at[name, place] = Instance(name, self.contribution.type, None, place)
            one.shared, one.id, one.key = self, self.contribution.id, self.key
        return one


class OwnedKey:
    """A key that is joined from parts of which some are other resources, whose own keys may come later."""

    __slots__ = ("kind", "parts")

    def __init__(self, kind: str, parts: list[str | Instance]) -> None:
        self.kind, self.parts = kind, parts

    def settle(self) -> Key:
        """The key, once the others have ids."""
        texts = (part if isinstance(part, str) else f"{part.type}/{part.id}" for part in self.parts)
        return f"urn:interop:key:{self.kind}", "+".join(texts)


class Instance:
    """A resource in the making, or a mere context: what was made within it, and where it stands in the message."""

    __slots__ = (
        "by_identifier",
        "deleted",
        "effect",
        "fields",
        "hi",
        "id",
        "key",
        "lo",
        "losses",
        "made",
        "memo",
        "name",
        "place",
        "registers",
        "relink",
        "row",
        "shared",
        "tags",
        "type",
        "up",
    )

    def __init__(self, name: str, kind: str, up: Instance | None, place: Any) -> None:
        self.name = name
        self.type = kind
        self.up = up
        self.place = place
        self.registers: dict[str, Any] = {}
        self.deleted: list[str] = []
        self.made: dict[str, list[Instance]] = {}
        self.key: Key | OwnedKey | None = None
        self.by_identifier = False
        self.effect = "upsert"
        self.relink: Key | Instance | None = None
        self.tags: list[str] = []
        self.id = ""
        self.row = ""
        self.fields: Any = None
        self.lo = self.hi = 0
        self.shared: Shared | None = None
        self.memo: tuple[dict[Any, Shared], Any] | None = None
        self.losses = (0, 0)
        if up is not None:
            made = up.made.get(name)
            if made is None:
                up.made[name] = [self]
            else:
                made.append(self)

    def release(self) -> None:
        """Let go of what was made within: enclosing and enclosed hold each other, and only a collection would find them."""
        for made in self.made.values():
            for one in made:
                one.up = None
                one.release()


@lru_cache(maxsize=65_536)
def loss(path: str, reason: str, row: str) -> Loss:
    """A loss; the same one each time."""
    return Loss(path, reason, row)


class Run:
    """The making of one message's contributions: generated code fills ``instances``, ``finish`` gives ids and references."""

    __slots__ = (
        "carried",
        "envelope",
        "hits",
        "instances",
        "keys",
        "losses",
        "made",
        "mint",
        "organisation",
        "own",
        "references",
        "root",
        "systems",
        "told",
        "trace",
        "trigger",
        "units",
    )

    def __init__(self, envelope: Envelope, mint: Mint, systems: dict[str, str], trace: Trace | None = None) -> None:
        self.envelope = envelope
        self.mint = mint
        self.systems = systems
        self.organisation = "-".join(envelope.organisation.split()) or "unknown"
        self.trigger = envelope.message.partition("^")[2]
        self.instances: list[Instance] = []
        self.own: list[Instance] = []
        """Those that no earlier message has made."""
        self.made: set[str] = set()
        self.losses: list[Loss] = []
        self.hits: set[tuple[int, int]] = set()
        self.references: list[tuple[dict[str, Any], Instance]] = []
        self.keys: dict[str, list[Instance]] | None = None
        self.told: dict[tuple[str, tuple[str, ...]], str] = {}
        """References by type and key, of this message or not."""
        self.carried = 0
        self.trace = trace
        self.units: list[Unit] = []
        self.root = Instance("", "", None, 0)

    def make(self, name: str, kind: str, up: Instance, place: Any) -> Instance:
        """A new instance within another."""
        self.made.add(name)
        made = Instance(name, kind, up, place)
        if kind:
            self.instances.append(made)
            self.own.append(made)
        return made

    def system(self, value: str) -> str:
        """The URI of an identifier system by its OID, name or variant (``systems.csv``)."""
        known = self.systems.get(value)
        if known is not None:
            return known
        return self._unknown(value, LOCAL)

    def codesystem(self, value: str) -> str:
        """The URI of a code system."""
        known = self.systems.get(value) or self.systems.get(value.upper())
        if known is not None:
            return known
        return self._unknown(value, "urn:interop:codes:")

    def _unknown(self, value: str, prefix: str) -> str:
        plain = value.strip()
        known = self.systems.get(plain) or self.systems.get(plain.removeprefix("urn:oid:"))
        if known is not None:
            return known
        if _OID.fullmatch(plain):
            return f"urn:oid:{plain}"
        if ":" in plain and " " not in plain:
            return plain
        return prefix + self.organisation + (":" + "-".join(plain.split()) if plain else "")

    def local(self, namespace: str) -> str:
        """The system of a sender's own identifiers."""
        return f"{LOCAL}{self.organisation}:{'-'.join(namespace.split())}"

    def key(self, kind: str, parts: list[str], namespace: str = "") -> Key | None:
        """The key of a resource of type ``kind`` from its parts; None where no part has a value."""
        value = "+".join(parts)
        if _is_uuid(value):
            return "urn:ietf:rfc:3986", value.lower() if len(parts) == 1 else value
        if not value.strip("+"):
            return None
        if value.startswith(OWN):
            return "urn:ietf:rfc:3986", value
        if namespace:
            return self.system(namespace), value
        return self.local(kind), value

    def owned_key(self, kind: str, parts: list[str | Instance | None]) -> OwnedKey | None:
        """A key that holds other resources' keys: settled when those are."""
        if any(part is None for part in parts) or not any(parts):
            return None
        texts = [part for part in parts if isinstance(part, str)]
        if texts and not any(texts):
            return None
        return OwnedKey(kind, [part for part in parts if part is not None])

    def again(self, shared: Shared, name: str, up: Instance, place: Any) -> None:
        """Another occurrence of what the same text made before."""
        one = shared.occurrence(name, place)
        self.made.add(name)
        made = up.made.get(name)
        if made is None:
            up.made[name] = [one]
        else:
            made.append(one)
        self.instances.append(one)
        if shared.losses:
            self.losses += shared.losses

    def fill(self, filler: Callable[[Run, Any, Instance], None], message: Any, one: Instance) -> None:
        """Set the registers of an instance; remember which losses are its own."""
        before = len(self.losses)
        filler(self, message, one)
        if one.memo is not None:
            one.losses = (before, len(self.losses))

    def _keep(self, one: Instance, contribution: Contribution) -> None:
        """Remember a contribution for the next time that the same text comes."""
        if one.memo is not None and isinstance(one.key, tuple) and not one.tags and not contribution.event:
            memo, key = one.memo
            if len(memo) >= MEMORY:
                memo.clear()
            contribution.derived = {}
            memo[key] = Shared(contribution, one.key, self.losses[slice(*one.losses)])

    def find(self, scope: Instance, name: str) -> Instance | None:
        """The resource of that name in scope: an enclosing one, else the first made within an enclosing context."""
        up: Instance | None = scope
        while up is not None:
            if up.name == name and up.type:
                return up
            made = up.made.get(name)
            if made:
                return made[0]
            up = up.up
        return None

    def refer(self, scope: Instance, name: str, place: Any = None) -> dict[str, Any] | None:
        """A reference to the resource of that name in scope, at that place if one is given; None if there is none."""
        if place is None:
            found = self.find(scope, name)
            return self.reference(found) if found is not None else None
        up: Instance | None = scope
        while up is not None:
            for one in up.made.get(name, ()):
                if one.place == place:
                    return self.reference(one)
            up = up.up
        return None

    def reference(self, to: Instance) -> dict[str, Any]:
        """A reference whose target is filled in when ids are known."""
        if to.shared is not None:
            return {"reference": to.shared.reference}
        made: dict[str, Any] = {"reference": ""}
        self.references.append((made, to))
        return made

    def by_key(self, value: str, types: tuple[str, ...]) -> dict[str, Any] | None:
        """A reference to the resource of this message with that source key or address (``@ref``); None if there is none."""
        if self.keys is None:
            self.keys = {}
            for one in self.instances:
                if isinstance(one.key, tuple):
                    self.keys.setdefault(one.key[1].lower(), []).append(one)
                address = one.fields.kid("@ref") if isinstance(one.fields, Node) else None
                if address is not None and address.value:
                    self.keys.setdefault(address.value.lower(), []).append(one)
        for one in self.keys.get(value.strip().lower(), ()):
            if not types or one.type in types or "Resource" in types:
                return self.reference(one)
        return None

    def known(self, kind: str, parts: tuple[str, ...]) -> dict[str, Any] | None:
        """A reference to the resource of type ``kind`` with that source key, of this message or of another; None without a key."""
        said = self.told.get((kind, parts))
        if said is None:
            key = self.key(kind, list(parts)) if all(parts) else None
            said = self.told[kind, parts] = f"{kind}/{self.mint.id(kind, *key)}" if key is not None else ""
        return {"reference": said} if said else None

    def traced(self, row: str, instance: Instance, register: str, path: str, value: Any) -> None:
        """Tell the trace of an element set; only traced code calls this."""
        if self.trace is not None:
            self.trace(row, instance, register, path, value)

    def lose(self, path: str, reason: str, row: str = "") -> None:
        """Note a field that no element carries."""
        self.losses.append(loss(path, reason, row))

    def finish(self, digest: str, cancellable: frozenset[tuple[str, str]]) -> Mapped:
        """Give every resource its id, resolve references, and hand over the contributions. ``cancellable``: (type, event)."""
        for one in self.own:
            if one.type == "Patient":
                self._flag_numbers(one)
            if one.effect == "contained":
                one.id = f"{one.name}-{self.instances.index(one)}".replace("_", "-")
            else:
                self._identify(one)
        for reference, to in self.references:
            reference["reference"] = f"#{to.id}" if to.effect == "contained" else f"{to.type}/{to.id}"
        contributions: dict[tuple[str, str, bool], Contribution] = {}
        relinks: list[Relink] = []
        joined = False
        for one in self.instances:
            if one.shared is not None:
                shared = one.shared
                if contributions.setdefault(shared.slot, shared.contribution) is not shared.contribution:
                    _add(contributions, shared.slot, shared.contribution)
                continue
            if one.effect == "contained":
                self._contain(one)
                continue
            if one.relink is not None:
                into = one.relink.id if isinstance(one.relink, Instance) else self.mint.id("Patient", *one.relink)
                if into != one.id and one.effect in ("link", "unlink"):
                    relinks.append(Relink(one.id, into, one.row, paired=True))
                    self._pair(one, into)
                elif into != one.id:
                    relinks.append(Relink(one.id, into, one.row))
                    one.registers["link:merge"] = [{"other": {"reference": f"Patient/{into}"}, "type": "replaced-by"}]
                one.effect = "upsert"
            if one.type == "Patient" or one.tags:
                one.registers["meta.tag:flags"] = [{"system": FLAGS, "code": tag} for tag in one.tags]
            effect, _, cancels = one.effect.partition(":")
            event = self.trigger if (one.type, self.trigger) in cancellable else ""
            made = Contribution(one.type, one.id, one.registers, one.deleted, effect, cancels, event, one.tags, one.name)
            if effect == "join":
                made.effect, slot = "upsert", (one.type, one.id, True)
                joined = joined or slot in contributions
                contributions[slot] = join(contributions[slot], made) if slot in contributions else made
                continue
            self._keep(one, made)
            _add(contributions, (one.type, one.id, effect == "upsert"), made)
        if joined:
            for made in contributions.values():
                name_once(made)
        return Mapped(list(contributions.values()), relinks, self.losses, self.carried, digest)

    def _pair(self, one: Instance, into: str) -> None:
        """Both Patients say that they are, or are not, the person of the other: a register for each pair."""
        for side in self.instances:
            if side.type != "Patient" or side.id not in (one.id, into):
                continue
            other = into if side.id == one.id else one.id
            register = f"link:with-{other}"
            if one.effect == "link":
                side.registers[register] = [{"other": {"reference": f"Patient/{other}"}, "type": "seealso"}]
            else:
                side.deleted.append(register)

    def _identify(self, one: Instance) -> None:
        own = (self._by_identifier(one) or one.key) if one.by_identifier else one.key
        key = own.settle() if isinstance(own, OwnedKey) else own
        if key is None:
            same = [other for other in self.instances if other.name == one.name]
            number = next(place for place, other in enumerate(same) if other is one)
            key = "urn:interop:message", f"{self.envelope.digest.hex()}|{one.name}|{number}"
            one.tags.append("unlinked")
        one.key = key
        one.id = self.mint.id(one.type, *key)

    def _by_identifier(self, one: Instance) -> Key | None:
        """The preferred identifier: of a Patient the local one, else the NHS number; of others a national one, else local."""
        found: list[Key] = []
        for register in sorted(_identifiers(tuple(one.registers))):
            for identifier in one.registers[register]:
                system, value = identifier.get("system"), identifier.get("value")
                if value and system:
                    found.append((system, value))
        if one.type != "Patient":
            return next((key for key in found if not key[0].startswith(LOCAL)), found[0] if found else None)
        for key in found:
            if key[0] != NHS_NUMBER:
                return key
        return self._by_number(one, found[0][1]) if found else None

    def _by_number(self, one: Instance, text: str) -> Key | None:
        """An NHS number names its Patient; a bad or repeated-digit one names nobody: with birth date and family name it
        holds one sender's messages about one person together, without them it does not even do that."""
        number = NhsNumber.read(text)
        if number is not None and number.standing in (Standing.USABLE, Standing.TEST):
            return NHS_NUMBER, number
        born = one.registers.get("birthDate", "")
        names = [value for register, value in sorted(one.registers.items()) if register.startswith("name:")]
        family = names[0][0].get("family", "") if names and names[0] else ""
        return (self.local("unverified-nhs-number"), f"{text}|{born}|{family.casefold()}") if born and family else None

    def _flag_numbers(self, one: Instance) -> None:
        for register in _identifiers(tuple(one.registers)):
            for identifier in one.registers[register]:
                if identifier.get("system") == NHS_NUMBER:
                    number = NhsNumber.read(identifier.get("value", ""))
                    standing = number.standing if number is not None else Standing.INVALID
                    if standing is Standing.INVALID and "nhs-number-invalid" not in one.tags:
                        one.tags.append("nhs-number-invalid")
                    if standing is Standing.REPEATED and "nhs-number-repeated-digits" not in one.tags:
                        one.tags.append("nhs-number-repeated-digits")

    def _contain(self, one: Instance) -> None:
        holder = one.up
        while holder is not None and not holder.type:
            holder = holder.up
        if holder is not None:
            from interop.mapping.assemble import assemble

            holder.registers.setdefault(f"contained:{one.name}", []).append({**assemble(one.type, one.registers), "id": one.id})


@lru_cache(maxsize=4_096)
def _identifiers(registers: tuple[str, ...]) -> tuple[str, ...]:
    """The registers that hold identifiers."""
    return tuple(name for name in registers if name.startswith("identifier:"))


def _add(contributions: dict[tuple[str, str, bool], Contribution], slot: tuple[str, str, bool], made: Contribution) -> None:
    """Add what is said of a resource; where it was spoken of before in this message, only what is new."""
    before = contributions.get(slot)
    if before is None:
        contributions[slot] = made
    elif made.registers is not before.registers and made.registers.keys() - before.registers.keys():
        contributions[slot] = replace(before, registers={**made.registers, **before.registers}, derived=None)


def _is_uuid(value: str) -> bool:
    return len(value) == 36 and value[8] == value[13] == value[18] == value[23] == "-" and value.replace("-", "").isalnum()


def read_value(node: Node | None) -> str:
    """The text of a tree node, marked as read; '' where there is none. Part of a reference marks the whole."""
    if node is None or not node.value:
        return ""
    node.read = True
    if node.up is not None and isinstance(node.up.raw, str):
        node.up.read = True
    return node.value
