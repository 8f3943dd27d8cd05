"""Data sharing agreements as Contract resources (FHIR R4 Contract), both ways.

| of the agreement | in the Contract |
|---|---|
| that it is one | ``type`` contract-type ``disclosure`` |
| source | ``subject``: the organisation by ODS code, ``Organization/ID``, or a name of its own (``SOURCE``) |
| status | ``status``: as ``STATUS`` has it |
| start, end | ``applies``, and within it ``term.applies``; the end is inclusive |
| purposes | ``term.action.intent``, a code of v3-ActReason; without any term direct care |
| partner | ``term.action.performer``; without one all who take part |

What cannot be read is no agreement: a Contract of another type or status, a period or purpose that is not known, a partner that
nobody is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from interop.clock import MICROSECONDS, instant
from interop.fhir.rows import EARLIEST, LATEST
from interop.fhir.shapes import dicts, text
from interop.ids.national import ODS_ORGANISATION, OdsCode
from interop.policy.facts import Agreement
from interop.policy.grants import Span, coded, codes, period
from interop.policy.tables import tables

TYPE: Final = "http://terminology.hl7.org/CodeSystem/contract-type", "disclosure"
PURPOSES: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
SOURCE: Final = "urn:interop:source"
"""The system of an identifier that names an organisation as its messages do, where that is no ODS code."""
STATUS: Final = {
    "executed": "active",
    **dict.fromkeys(("offered", "negotiable", "executable"), "pending"),
    **dict.fromkeys(("terminated", "revoked", "cancelled", "rejected"), "withdrawn"),
}
WRITTEN: Final = {"active": "executed", "pending": "offered", "withdrawn": "terminated"}
_ORGANISATION: Final = frozenset(("Organization",))

Resolve = Callable[[str], tuple[str, ...]]
"""The ODS codes of an Organization resource by its id; () where it has none or is not there."""


def agreements(contract: dict[str, Any], resolve: Resolve) -> tuple[Agreement, ...]:
    """What a Contract comes to: an Agreement for each source and partner, and each term. Never raises."""
    status = STATUS.get(text(contract, "status"))
    if status is None or not coded(contract.get("type"), *TYPE):
        return ()
    sources = dict.fromkeys(name for each in dicts(contract, "subject") for name in organisations(each, resolve))
    found = []
    for partner, purposes, span in _shares(contract, resolve):
        found += [
            Agreement(text(contract, "id"), source, partner, purposes, *span, status) for source in sources if source != partner
        ]
    return tuple(found)


def organisations(reference: Any, resolve: Resolve) -> Iterator[str]:
    """The organisations that a Reference means, as ``Stored.source`` names them."""
    for code in codes(reference, _ORGANISATION):
        if code.startswith("ods:"):
            yield code.removeprefix("ods:")
        elif code.startswith("Organization/"):
            yield from resolve(code.removeprefix("Organization/"))
    identifier = reference.get("identifier") if isinstance(reference, dict) else None
    if text(identifier, "system") == SOURCE and text(identifier, "value") and "," not in text(identifier, "value"):
        yield text(identifier, "value")


def _shares(contract: dict[str, Any], resolve: Resolve) -> Iterator[tuple[str, tuple[str, ...], Span]]:
    """With whom for what from when to when."""
    applies = period(contract, "applies")
    if "term" not in contract:
        yield from [("", (), applies)] if applies.low < applies.high else []
        return
    named = {purpose.code: purpose.name for purpose in tables().purposes.values()}
    for term in dicts(contract, "term"):
        span = applies.within(period(term, "applies"))
        partners: dict[str, dict[str, None]] = {}
        for action in dicts(term, "action") if span.low < span.high else []:
            intents = dicts(action.get("intent"), "coding")
            purposes = [
                named[text(each, "code")] for each in intents if text(each, "system") == PURPOSES and text(each, "code") in named
            ]
            if purposes and action.get("doNotPerform") in (None, False):
                for partner in organisations(action["performer"], resolve) if "performer" in action else ("",):
                    partners.setdefault(partner, {}).update(dict.fromkeys(purposes))
        for partner, purposes_ in partners.items():
            yield partner, tuple(purposes_), span


def contract(agreement: Agreement) -> dict[str, Any]:
    """The Contract of an agreement; its times are of whole seconds."""
    applies = {}
    if agreement.start > EARLIEST:
        applies["start"] = instant(agreement.start)
    if agreement.end < LATEST:
        applies["end"] = _second(agreement.end - MICROSECONDS)
    known = tables().purposes
    partner = {"performer": organisation(agreement.partner)} if agreement.partner else {}
    actions = [
        {
            "type": _concept("http://terminology.hl7.org/CodeSystem/consentaction", "disclose"),
            "intent": _concept(PURPOSES, known[purpose].code),
            "status": _concept("http://terminology.hl7.org/CodeSystem/contract-actionstatus", "complete"),
            **partner,
        }
        for purpose in agreement.purposes or ("direct-care",)
    ]
    return {
        "resourceType": "Contract",
        "id": agreement.id,
        "status": WRITTEN[agreement.status],
        **({"applies": applies} if applies else {}),
        "subject": [organisation(agreement.source)],
        "type": _concept(*TYPE),
        "term": [{"offer": {"text": "What the organisation contributes to the shared record"}, "action": actions}],
    }


def organisation(name: str) -> dict[str, Any]:
    """A Reference to an organisation, as ``Stored.source`` names it."""
    return {"identifier": {"system": ODS_ORGANISATION if OdsCode.read(name) == name else SOURCE, "value": name}}


def _second(microseconds: int) -> str:
    """To the second: as the end of a Period it takes all of that second in."""
    return instant(microseconds).partition(".")[0] + "Z"


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}
