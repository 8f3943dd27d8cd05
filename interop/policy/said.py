"""What a person has said of sharing, as the one Consent of theirs that the engine keeps (R4 Consent, IHE ITI PCF).

The root provision holds the decision on the whole record; within it stand that glass may be broken, the labels that were decided
on and those who may act for the person. A later decision makes a new version and leaves what it is not about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from interop.clock import instant
from interop.fhir.shapes import dicts, text
from interop.ids.national import ODS_ORGANISATION
from interop.policy.asker import Asker
from interop.policy.consents import BREAKING, KIND, PURPOSES, SCOPE
from interop.policy.declarations import ACTS, RECIPIENT, concept, user
from interop.policy.grants import coded
from interop.policy.relationships import CATEGORY
from interop.policy.tables import tables

GIVEN, REFUSED, WITHDRAWN = "given", "refused", "withdrawn"
DECISIONS: Final = (GIVEN, REFUSED, WITHDRAWN)
TAKEN_BY: Final = "urn:interop:extension:taken-by"
RULES: Final = {"": "OPTINR", GIVEN: "OPTIN", REFUSED: "OPTOUT", WITHDRAWN: "OPTOUT"}
Reference = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """``whole``: what was decided on the whole record, '' = nothing yet, and ``until`` when it holds (a dateTime, inclusive;
    '' = for good). ``labels``: by name of consents (labels.csv) given or refused, and until when. ``proxies``: who may act for the
    person, by what names them, and until when."""

    whole: str = ""
    until: str = ""
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)
    proxies: dict[str, tuple[Reference, str]] = field(default_factory=dict)

    def decide(self, decision: str, until: str, labels: tuple[str, ...] = (), proxies: tuple[Reference, ...] = ()) -> Said:
        """With a decision more: on these labels, on these proxies, else on the whole. What is withdrawn of labels and proxies is as
        if it had never been said; of the whole it refuses, for nobody was told that it is open."""
        if not labels and not proxies:
            return replace(self, whole=decision, until=until)
        kept = {name: said for name, said in self.labels.items() if name not in labels}
        acting = {name: said for name, said in self.proxies.items() if name not in map(named, proxies)}
        if decision != WITHDRAWN:
            kept |= dict.fromkeys(labels, (decision, until))
        if decision == GIVEN:
            acting |= {named(each): (each, until) for each in proxies}
        return replace(self, labels=dict(sorted(kept.items())), proxies=dict(sorted(acting.items())))

    def give_way(self, new: Said, labels: tuple[str, ...] = (), proxies: tuple[Reference, ...] = ()) -> Said:
        """What is left of the Consent of another Patient of the person, once it was decided anew on these labels, these proxies,
        else on the whole, as ``new`` has it: what says the same on that, and all that is said of anything else."""
        if not labels and not proxies:
            return self if (self.whole, self.until) == (new.whole, new.until) else replace(self, whole="", until="")
        kept = {name: said for name, said in self.labels.items() if name not in labels or new.labels.get(name) == said}
        decided = {*map(named, proxies)}
        acting = {name: said for name, said in self.proxies.items() if name not in decided or new.proxies.get(name) == said}
        return replace(self, labels=kept, proxies=acting)


def opens(before: Iterable[Said], decision: str, labels: Collection[str], proxies: Collection[Reference]) -> bool:
    """Whether a decision opens what the person has closed, as the Consents that stand say, or names who acts for the person."""
    if decision != GIVEN:
        return False
    if not labels and not proxies:
        return any(said.whole in (REFUSED, WITHDRAWN) for said in before)
    return bool(proxies) or any(said.labels.get(label, ("",))[0] == REFUSED for said in before for label in labels)


def named(reference: Reference) -> str:
    """What a Reference to a proxy names."""
    identifier = reference.get("identifier")
    return text(reference, "reference") or f"{text(identifier, 'system')}|{text(identifier, 'value')}"


def read(consent: dict[str, Any]) -> Said:
    """What the Consent says that ``written`` has made; nothing where it is another."""
    whole = [code for code in DECISIONS for each in dicts(consent, "category") if coded(each, CATEGORY, code)]
    root = consent.get("provision")
    labels: dict[str, tuple[str, str]] = {}
    proxies: dict[str, tuple[Reference, str]] = {}
    for each in dicts(root, "provision"):
        until = text(each.get("period"), "end")
        for label in dicts(each, "securityLabel"):
            known = tables().known.get((text(label, "system"), text(label, "code")))
            if known is not None and known.consent:
                labels[known.consent] = GIVEN if each.get("type") == "permit" else REFUSED, until
        for actor in dicts(each, "actor"):
            if isinstance(actor.get("reference"), dict):
                proxies[named(actor["reference"])] = actor["reference"], until
    return Said(whole[0] if whole else "", text(root.get("period"), "end") if isinstance(root, dict) else "", labels, proxies)


def written(said: Said, id: str, patient: str, asker: Asker, taken_by: str, now: int) -> dict[str, Any]:
    """The Consent; ``asker`` records it, ``taken_by`` is who took it where that is somebody else, in words."""
    marks = {name: _codings(name) for name in said.labels}
    nested: list[dict[str, Any]] = [{"type": "permit", "purpose": [{"system": PURPOSES, "code": BREAKING}]}]
    nested += [
        {"type": "permit" if decision == GIVEN else "deny", **_until(until), "securityLabel": marks[name]}
        for name, (decision, until) in said.labels.items()
    ]
    nested += [
        {"type": "permit", **_until(until), "actor": [{"role": concept(*RECIPIENT), "reference": reference}]}
        for reference, until in said.proxies.values()
    ]
    kind = {GIVEN: "permit", REFUSED: "deny", WITHDRAWN: "deny"}.get(said.whole)
    taker = user(asker) if asker.user else {}
    held = [coding for codings in marks.values() for coding in codings]
    organisation = {"identifier": {"system": ODS_ORGANISATION, "value": asker.organisation}}
    return {
        "resourceType": "Consent",
        "id": id,
        **({"meta": {"security": held}} if held else {}),
        **({"extension": [{"url": TAKEN_BY, "valueReference": {**taker, **({"display": taken_by} if taken_by else {})}}]}
           if taker or taken_by else {}),
        "status": "active",
        "scope": concept(*SCOPE),
        "category": [concept(*KIND), *([concept(CATEGORY, said.whole)] if said.whole else [])],
        "patient": {"reference": f"Patient/{patient}"},
        "dateTime": instant(now),
        **({"organization": [organisation]} if asker.organisation else {}),
        "policyRule": concept(ACTS, RULES[said.whole]),
        "provision": {**({"type": kind} if kind else {}), **_until(said.until), "provision": nested},
    }  # fmt: skip


def superseded(consent: dict[str, Any]) -> dict[str, Any]:
    """The Consent that another Patient of the same person had, once the person has decided anew: no longer in force."""
    return {**{name: value for name, value in consent.items() if name != "meta"}, "status": "inactive"}


def _codings(name: str) -> list[dict[str, str]]:
    """The labels that consents call so."""
    return [{"system": label.pair[0], "code": label.pair[1]} for label in tables().labels if label.consent == name]


def _until(until: str) -> dict[str, Any]:
    return {"period": {"end": until}} if until else {}
