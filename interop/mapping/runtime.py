"""What generated code works with: one Run a message, one Instance a resource of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from interop.formats.tree import Node
from interop.ids import Mint
from interop.mapping.contribution import Contribution, Loss
from interop.mapping.instances import MEMORY as MEMORY
from interop.mapping.instances import Instance as Instance
from interop.mapping.instances import OwnedKey, Shared
from interop.mapping.kept import Unit
from interop.mapping.naming import Naming
from interop.ports import Envelope

FLAGS = "urn:interop:flag"
NULL = '""'
Trace = Callable[[str, Instance, str, str, Any], None]
"""Told of every element set: row, instance, register, source path, value. Only in traced code."""


@lru_cache(maxsize=65_536)
def loss(path: str, reason: str, row: str) -> Loss:
    """A loss; the same one each time."""
    return Loss(path, reason, row)


class Run(Naming):
    """The making of one message's contributions: generated code fills ``instances``, ``finish`` gives ids and references."""

    __slots__ = (
        "aliases",
        "carried",
        "envelope",
        "hits",
        "instances",
        "keys",
        "losses",
        "made",
        "mint",
        "own",
        "references",
        "root",
        "source",
        "told",
        "trace",
        "trigger",
        "units",
    )

    def __init__(
        self, envelope: Envelope, mint: Mint, systems: dict[str, str], trace: Trace | None = None, source: str = ""
    ) -> None:
        self.envelope = envelope
        self.mint = mint
        self.source = source
        """Whose message it is; '' where nobody knows, offline."""
        super().__init__(envelope.organisation, systems)
        self.trigger = envelope.message.partition("^")[2]
        self.instances: list[Instance] = []
        self.own: list[Instance] = []
        """Those that no earlier message has made."""
        self.made: set[str] = set()
        self.losses: list[Loss] = []
        self.hits: set[tuple[int, int]] = set()
        self.references: list[tuple[dict[str, Any], Instance]] = []
        self.keys: dict[str, list[Instance]] | None = None
        self.aliases: dict[tuple[str, str], Instance] | None = None
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

    def keep(self, one: Instance, contribution: Contribution) -> None:
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
            if (one := self.renamed(kind, parts)) is not None:
                return self.reference(one)
            key = self.key(kind, list(parts)) if all(parts) else None
            said = self.told[kind, parts] = f"{kind}/{self.mint.id(kind, *key)}" if key is not None else ""
        return {"reference": said} if said else None

    def renamed(self, kind: str, parts: tuple[str, ...]) -> Instance | None:
        """The resource of this message with that source key that is known by its identifier instead."""
        if self.aliases is None:
            self.aliases = {
                (one.type, one.key[1].lower()): one for one in self.instances if one.by_identifier and isinstance(one.key, tuple)
            }
        return self.aliases.get((kind, parts[0].lower())) if self.aliases and len(parts) == 1 else None

    def traced(self, row: str, instance: Instance, register: str, path: str, value: Any) -> None:
        """Tell the trace of an element set; only traced code calls this."""
        if self.trace is not None:
            self.trace(row, instance, register, path, value)

    def lose(self, path: str, reason: str, row: str = "") -> None:
        """Note a field that no element carries."""
        self.losses.append(loss(path, reason, row))


def read_value(node: Node | None) -> str:
    """The text of a tree node, marked as read; '' where there is none. Part of a reference marks the whole."""
    if node is None or not node.value:
        return ""
    node.read = True
    if node.up is not None and isinstance(node.up.raw, str):
        node.up.read = True
    return node.value
