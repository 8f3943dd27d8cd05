"""What a resource is asked once it is whole: whether it can keep a profile, and what R4 demands beside its codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Claim:
    """A profile that resources of a type say they keep, once they are whole.

    It is claimed where every element of ``needs`` is there, no identifier system of ``once`` stands there twice, and every
    element at the path of ``coded`` has a coding of its system.
    """

    profile: str
    needs: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    coded: tuple[tuple[str, str, str], ...] = ()
    """(element that repeats, CodeableConcept in it, system)."""

    def fits(self, body: dict[str, Any]) -> bool:
        """Whether a resource can keep it."""
        if self.needs and not all(name in body for name in self.needs):
            return False
        if self.once and len(body.get("identifier", ())) > 1:
            systems = [each.get("system") for each in body["identifier"]]
            if not all(systems.count(system) < 2 for system in self.once):
                return False
        return all(_coded(each.get(concept), system) for name, concept, system in self.coded for each in body.get(name, ()))


def _coded(concept: Any, system: str) -> bool:
    """Whether a CodeableConcept has a coding of a system."""
    return bool(concept) and any(coding.get("system") == system and "code" in coding for coding in concept.get("coding", ()))


class Part(NamedTuple):
    """What R4 demands beside a code: ``element`` of a resource coded ``whole`` has one coded ``part``; ``value`` stands in for it.
    Codes are ``SYSTEM|CODE``."""

    element: str
    whole: str
    part: str
    value: str

    def missing(self, body: dict[str, Any]) -> bool:
        """Whether a resource lacks it."""
        return _has(body, self.whole) and not any(_has(one, self.part) for one in body.get(self.element, ()))


def _has(coded: dict[str, Any], token: str) -> bool:
    """Whether what has a ``code`` has that one."""
    system, _, code = token.rpartition("|")
    codings = coded.get("code", {}).get("coding", ())
    return any(coding.get("code") == code and coding.get("system") == system for coding in codings)
