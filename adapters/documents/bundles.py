"""The Bundle of a message and those within it as one: what the tables read (ITK3 Messaging Distribution, bundle structures)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import Final

from interop.formats.stu3 import read_stu3
from interop.formats.tree import Node

INCIDENT: Final = re.compile(r"incident|(?:\b|_)cad(?:\b|_)", re.IGNORECASE)
"""Systems of numbers that name an incident: everybody at the scene has the same."""

CARRIED: Final = ("Composition", "DocumentReference", "Binary")
"""What a message is about, the first of these that it has."""


def resources(bundle: Node, kind: str = "") -> Iterator[Node]:
    """The resources of a Bundle, of one type or all."""
    for entry in bundle.kids.get("entry", ()):
        resource = entry.kid("resource")
        if resource is not None and kind in ("", resource.text("resourceType")):
            yield resource


def flatten(bundle: Node) -> list[str]:
    """Put the entries of the Bundles within into the outer one, in their order; the addresses of these Bundles."""
    addresses: list[str] = []
    open_ = deque(bundle.kids.get("entry", ()))
    while open_:
        entry = open_.popleft()
        resource = entry.kid("resource")
        if resource is None or resource.text("resourceType") != "Bundle":
            continue
        identity = resource.text("id")
        addresses += [each for each in (entry.text("fullUrl"), identity and f"Bundle/{identity}") if each]
        inner = resource.kids.pop("entry", [])
        for each in inner:
            each.up = bundle
        bundle.kids["entry"] += inner
        open_ += inner
    return addresses


def prepare(bundle: Node, within: list[str]) -> None:
    """Addresses, keys and names of STU3 (``interop.formats.stu3``); what is contained as entries of its own.

    An Encounter gets ``@visit``, system and value of the number that names it alone; a header's focus on a Bundle ``within``
    points to the document or file of that.
    """
    read_stu3(bundle)
    for resource in list(resources(bundle)):
        _lift(bundle, resource)
    for encounter in resources(bundle, "Encounter"):
        if visit := _visit(encounter):
            encounter.add("@visit", visit)
    address = next((one.text("@ref") for kind in CARRIED for one in resources(bundle, kind)), None)
    for header in resources(bundle, "MessageHeader"):
        for focus in header.kids.get("focus", ()):
            reference = focus.kid("reference")
            if reference is not None and address and reference.value in within:
                reference.kids.pop("@ref", None)
                reference.add("@ref", address)


def _lift(bundle: Node, resource: Node) -> None:
    """Let what a resource contains stand beside it: references to it have its address already."""
    for inside in resource.kids.pop("contained", ()):
        if address := inside.text("@ref"):
            inside.add("@key", address)
        bundle.add("entry").kids = {"resource": [inside]}


def _visit(encounter: Node) -> str:
    for identifier in encounter.kids.get("identifier", ()):
        system, value = identifier.text("system"), identifier.text("value")
        if system and value and INCIDENT.search(system) is None:
            return f"{system}|{value}"
    return ""
