"""The envelope of what the e-Referral Service says: type, id, version; the NHS numbers and UBRNs within."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, Final

from adapters.ers.resources import Resource
from adapters.ers.shape import r4, resources
from interop.errors import Problem
from interop.formats.instants import iso_instant
from interop.formats.tree import Node
from interop.ports import Envelope, Order

NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
UBRN: Final = "https://fhir.nhs.uk/Id/UBRN"
ORGANISATION: Final = "ers"
_REFERENCE: Final = re.compile(r"(?:.*/)?(ReferralRequest|CommunicationRequest)/(\d{12})(?:/_history/(\d{1,12}))?", re.ASCII)
_NAMED: Final = frozenset({"ReferralRequest", "Appointment", "CommunicationRequest"})
"""What the service never gives without an id."""
_OF_BUNDLE: Final = ("Communication", "Slot", "Schedule", "Task", "List", "PractitionerRole", "Practitioner")
"""What names a Bundle's message, the first of these that it holds."""
_STEP: Final = 1000
_ASKED_FOR: Final = "appointment"
"""The id of an appointment that is asked for: only its referral tells one such request from another."""
_VERSION: Final = re.compile(r'(?:W/")?(\d{1,12})"?', re.ASCII)
"""A version, or the entity tag that some answers have in its place; what is longer is no counter."""


def envelope(message: Resource, tree: Node) -> Envelope:
    """The envelope of a message and its tree (``adapters.ers.shape``).

    Raises Problem ``source-error`` for an error that the service answered with, ``missing-field`` for a resource that cannot be
    without an id and is. The control id is type, id and version; what has no version (a request, a worklist) is told from others by
    its content. The digest is that of the resource without blanks, so the same version in another layout is the same message.
    """
    from interop.formats.json import write_json

    held = resources(tree)
    kind = _kind(message, held)
    if kind == "OperationOutcome":
        raise Problem("source-error", where="OperationOutcome.issue", detail=" ".join(_errors(held)))
    identity = message.get("id") if isinstance(message.get("id"), str) else ""
    if not identity and kind in _NAMED:
        raise Problem("missing-field", where=f"{kind}.id")
    if kind == "Appointment" and identity == _ASKED_FOR and not held[0].text("incomingReferral/reference/@id"):
        raise Problem("missing-field", where="Appointment.incomingReferral")
    if kind == "Parameters":
        _whole(held[0])
    digest = sha256(write_json(_content(message, kind))).digest()[:16]
    version = held[0].text("meta/versionId") if len(held) == 1 and kind != "Communication" else ""
    control = f"{kind}/{_thread(held) or identity}/{version or digest.hex()[:12]}"
    if (name := _asked(message, tree, kind)) and (when := _answered(message)):
        control = f"{kind}/{name}/{when}"
    return Envelope(
        family="ers",
        message=kind,
        control_id=control,
        order=_order(message, kind, held, digest.hex()),
        keys=tuple(dict.fromkeys(_keys(held))),
        duplicate=control,
        digest=digest,
        sender=ORGANISATION,
        organisation=ORGANISATION,
        version="R4" if r4(tree) else "STU3",
    )


def _kind(message: Resource, held: list[Node]) -> str:
    kinds = [each.text("resourceType") or "" for each in held]
    if message["resourceType"] != "Bundle" or not kinds:
        return str(message["resourceType"])
    return next((kind for kind in _OF_BUNDLE if kind in kinds), kinds[0])


def _whole(parameters: Node) -> None:
    """Raises Problem ``missing-field`` for a parameter without a name or without what it says (STU3, Parameters, inv-1)."""
    for parameter in parameters.kids.get("parameter", ()):
        if not parameter.text("name"):
            raise Problem("missing-field", where="Parameters.parameter.name")
        if not any(path.startswith(("resource/", "part/", "value")) for path, _ in parameter.leaves()):
            raise Problem("missing-field", where="Parameters.parameter.value")


def _errors(held: list[Node]) -> Iterator[str]:
    """The codes of an error; its words may name the patient."""
    for issue in held[0].kids.get("issue", ()):
        said = issue.text("details/coding/code") or issue.text("code") or ""
        if re.fullmatch(r"[\w-]{1,64}", said, re.ASCII):
            yield said


def _content(message: Resource, kind: str) -> Any:
    """What makes a message the same as another: of a Bundle what it holds, not the answer that it came in."""
    entries = message.get("entry")
    if kind not in ("Communication", "List", "Slot") or message["resourceType"] != "Bundle" or not isinstance(entries, list):
        return message
    return [entry.get("resource") if isinstance(entry, dict) else entry for entry in entries]


def _answered(message: Resource) -> str:
    """When the service answered, as a Bundle says it."""
    meta = message.get("meta")
    when = message.get("timestamp") or (meta.get("lastUpdated") if isinstance(meta, dict) else None)
    return when if isinstance(when, str) and message["resourceType"] == "Bundle" else ""


def _asked(message: Resource, tree: Node, kind: str) -> str:
    """What a worklist or a page of slots is an answer to, without the service's address."""
    if kind not in ("List", "Slot"):
        return ""
    said = tree.text("entry/fullUrl") if kind == "List" else tree.text("link/url")
    found = re.fullmatch(r".*/STU3/(?:v1/)?(\S{1,400})", said or "")
    return found[1] if found else ""


def _thread(held: list[Node]) -> str:
    """The UBRN of the request that a conversation belongs to."""
    for each in held:
        if each.text("resourceType") == "Communication":
            for based in each.kids.get("basedOn", ()):
                if found := _REFERENCE.fullmatch(based.text("reference") or ""):
                    return found[2]
    return ""


def _order(message: Resource, kind: str, held: list[Node], tie: str) -> Order:
    """When it held. Versions count where the service gives them, for it seldom gives times beside them: those of a referral before
    those of its appointment, whose own begin anew, and a file that waits for its scan before one that was scanned. What has no
    version is as old as the answer, a list without a time as what it last tells of."""
    referral, own, scanned = 0, 0, 1
    for each in held:
        version = _number(each.text("meta/versionId"))
        if each.text("resourceType") == "Appointment":
            referral, own = max(referral, _belongs_to(each)), max(own, version)
        else:
            referral = max(referral, version, _belongs_to(each))
        for inner in each.kids.get("contained", ()):
            if inner.text("resourceType") == "Appointment":
                own = max(own, _number(inner.text("meta/versionId")))
    times: list[str | None] = [_answered(message)]
    if any(node.value == "PENDING" for node in _below(held, "code")):
        scanned = 0
    counter = (referral * _STEP + min(own, _STEP - 1)) * 2 + scanned if referral or own else 0
    if counter:
        return Order(0, counter, tie)
    if kind == "List" and not any(times):
        times = [node.value for node in _below(held, "valueDateTime")]
    return Order(max((iso_instant(each) or 0 for each in times if each), default=0), 0, tie)


def _belongs_to(resource: Node) -> int:
    """The version of the referral or request for advice that a resource says it belongs to."""
    found = 0
    for name in ("incomingReferral", "basedOn"):
        for each in resource.kids.get(name, ()):
            if said := _REFERENCE.fullmatch(each.text("reference") or ""):
                found = max(found, _number(said[3]))
    return found


def _number(text: str | None) -> int:
    found = _VERSION.fullmatch(text or "")
    return int(found[1]) if found else 0


def _keys(held: list[Node]) -> Iterator[str]:
    """The NHS numbers in it, under any form of their system, and the UBRNs of what it is, belongs to or lists."""
    for node in _below(held):
        if node.text("@name") == "nhs-number":
            digits = (node.text("value") or "").replace(" ", "").replace("-", "")
            if len(digits) == 10 and digits.isascii() and digits.isdigit():
                yield f"{NHS_NUMBER}|{digits}"
    for each in held:
        if each.text("resourceType") in ("ReferralRequest", "CommunicationRequest"):
            yield f"{UBRN}|{each.text('id')}"
        for identifier in each.kids.get("identifier", ()):
            if identifier.text("@name") == "ubrn":
                yield f"{UBRN}|{identifier.text('value')}"
        for name in ("incomingReferral", "basedOn", "focus", "entry"):
            for node in each.kids.get(name, ()):
                if found := _REFERENCE.fullmatch(node.text("reference") or node.text("item/reference") or ""):
                    yield f"{UBRN}|{found[2]}"


def _below(nodes: Iterable[Node], name: str = "") -> Iterator[Node]:
    """The nodes that hold others and all such below them; where a name is given, the leaves of that name."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if not name:
            yield node
        for child, kids in node.kids.items():
            if child == name:
                yield from kids
            for kid in kids:
                if kid.kids:
                    stack.append(kid)
