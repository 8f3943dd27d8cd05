"""Resources in the making: one Instance for each that a message speaks of, and what several messages share."""

from __future__ import annotations

from typing import Any

from interop.mapping.contribution import Contribution, Loss

Key = tuple[str, str]

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
        self.by_identifier = ""
        """What of its identifiers may name it: ``identifier``, ``national`` or none."""
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
