"""Who may see what, written a second time: from the sentences of the requirements, one after the other, without tables and without
predicates. What the engine decides must agree with it in every cell."""

from __future__ import annotations

from dataclasses import dataclass, field

WHO_SEES = {
    "directory": "gp hospital-clinician ambulance-clinician nhs111 coordinator mdt-member care-navigator voluntary-sector"
    " social-worker patient carer privacy-officer operator analyst system",
    "book": "gp hospital-clinician nhs111 coordinator care-navigator patient system",
    "contract": "gp hospital-clinician coordinator privacy-officer operator system",
    "demographic": "gp hospital-clinician ambulance-clinician nhs111 coordinator mdt-member care-navigator voluntary-sector"
    " social-worker patient carer system",
    "appointment": "gp hospital-clinician ambulance-clinician nhs111 coordinator mdt-member care-navigator voluntary-sector"
    " social-worker patient carer system",
    "task": "gp hospital-clinician ambulance-clinician nhs111 coordinator mdt-member care-navigator voluntary-sector"
    " social-worker patient carer system",
    "plan": "gp hospital-clinician ambulance-clinician nhs111 coordinator mdt-member care-navigator social-worker patient"
    " carer system",
    "clinical": "gp hospital-clinician ambulance-clinician nhs111 mdt-member patient carer system",
    "document": "gp hospital-clinician ambulance-clinician nhs111 mdt-member patient carer system",
    "finance": "patient",
    "governance": "gp hospital-clinician patient privacy-officer",
    "subscription": "system",
    "audit": "patient privacy-officer",
}
CLEARED = {
    "PSY": "gp hospital-clinician ambulance-clinician nhs111 mdt-member",
    "SDV": "gp hospital-clinician nhs111 mdt-member social-worker",
    "ETH": "gp mdt-member",
    "VIO": "gp hospital-clinician ambulance-clinician nhs111 coordinator mdt-member care-navigator social-worker",
    "EMP": "gp hospital-clinician ambulance-clinician nhs111 coordinator mdt-member",
}
FINDS = ["gp", "hospital-clinician", "ambulance-clinician", "nhs111", "coordinator", "system"]
BREAKS_GLASS = ["gp", "hospital-clinician", "ambulance-clinician", "nhs111"]
PURPOSES = {
    "gp": ["direct-care", "emergency", "booking", "administration"],
    "hospital-clinician": ["direct-care", "emergency", "booking"],
    "ambulance-clinician": ["direct-care", "emergency"],
    "nhs111": ["direct-care", "emergency", "booking"],
    "coordinator": ["direct-care", "booking", "administration"],
    "mdt-member": ["direct-care"],
    "care-navigator": ["direct-care", "booking"],
    "voluntary-sector": ["direct-care"],
    "social-worker": ["direct-care"],
    "patient": ["own-record", "booking"],
    "carer": ["own-record"],
    "privacy-officer": ["audit"],
    "operator": ["administration"],
    "analyst": ["analytics"],
    "system": ["direct-care", "emergency", "booking", "administration"],
    "feed": ["administration"],
}
REACH = {
    "booking": ["directory", "book", "demographic", "appointment"],
    "administration": ["directory", "book", "contract", "demographic", "appointment", "governance"],
    "analytics": ["directory"],
    "audit": ["directory", "contract", "governance", "audit"],
}
MEANT_FOR = {"emergency": ["direct-care", "emergency"], "own-record": ["direct-care", "own-record"]}
BY_LAW = {"V", "GENDER"}
FROM_THE_PATIENT = {"NOPAT", "PHY", "third-party", "serious-harm"}
HARMLESS = {"U", "L", "M", "N", "HTEST"}
CALLED = {"DEMO": "PRS", "LOCIS": "PRS", "CEL": "EMP"}
"""What consents call a label that they do not call by its code."""
MEANS_RESTRICTED = {"HIV", "STD", "SEX", "SDV", "ETH", "GDIS", "SPI", "PRS", "LOCIS"}
"""Beside one of these the level R says no more than they do."""
SHOWN_ON_A_PATIENT = {"R", "worded", "PRS", "PDS", "CEL", "EMP", "DEMO", "DOB", "LOCIS", "LIVARG", "REL"}
"""So that somebody can be found at all, whose whereabouts are hidden instead."""


@dataclass(frozen=True)
class Claim:
    """Something that is said about a person, from one second until before another."""

    what: str
    code: str
    begins: int
    ends: int


@dataclass(frozen=True)
class Somebody:
    """A person, by the ids of all their Patients."""

    ids: frozenset[str]
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True)
class Thing:
    """A resource."""

    type: str
    kind: str
    sources: frozenset[str]
    labels: frozenset[str] = frozenset()
    about: tuple[Somebody, ...] = ()
    advance: bool = False
    """An advance decision, and nothing that the person has said of sharing."""


@dataclass(frozen=True)
class Deal:
    """What one organisation has agreed to."""

    giver: str
    taker: str
    purposes: tuple[str, ...]
    begins: int
    ends: int
    state: str


@dataclass(frozen=True)
class Who:
    """Who asks; ``names`` are those by which the record speaks of them."""

    role: str
    organisation: str = ""
    user: str = ""
    names: frozenset[str] = frozenset()
    purpose: str = ""
    patient: str = ""


@dataclass(frozen=True)
class World:
    deals: tuple[Deal, ...] = ()
    opt_out: bool = False
    """Consent is implied."""
    now: int = field(default=0)


def may_see(who: Who, thing: Thing, world: World) -> bool:
    """The requirements, read from top to bottom."""
    if who.role not in PURPOSES or (who.purpose and who.purpose not in PURPOSES[who.role]):
        return False
    purpose = who.purpose or PURPOSES[who.role][0]
    kinds = [thing.kind, "plan"] if thing.advance else [thing.kind]
    if not any(who.role in WHO_SEES[kind].split() and kind in REACH.get(purpose, [kind]) for kind in kinds):
        return False
    if thing.kind == "directory":
        return True
    if thing.kind == "contract":
        return not thing.about
    if thing.kind == "book":
        return _shared(who, thing, ["booking"], world)
    if not _shared(who, thing, MEANT_FOR.get(purpose, [purpose]), world):
        return False
    if thing.labels & BY_LAW:
        return False
    if not thing.about:
        return bool(who.organisation) and not who.patient and thing.sources == {who.organisation} and not _uncleared(who, thing)
    if who.patient and not any(who.patient in somebody.ids for somebody in thing.about):
        return False
    if who.role == "patient":
        return bool(who.patient) and not thing.labels & FROM_THE_PATIENT
    if _all_said(thing, "breakglass", {"user:" + who.user}, world) and who.role in BREAKS_GLASS and who.user:
        return True
    if thing.type == "Patient" and who.role in FINDS and thing.labels <= SHOWN_ON_A_PATIENT | HARMLESS | FROM_THE_PATIENT:
        return True
    return _involved(who, thing, world) and _consented(who, thing, world) and _unlabelled(who, thing, world)


def _shared(who: Who, thing: Thing, purposes: list[str], world: World) -> bool:
    """Every organisation that contributed is the asker's own or has an agreement in force."""
    for source in thing.sources:
        if source == who.organisation:
            continue
        for deal in world.deals:
            meant = deal.purposes or ("direct-care",)
            if deal.giver == source and _takes(who, deal) and any(p in meant for p in purposes):
                if deal.state == "active" and deal.begins <= world.now and world.now < deal.ends:
                    break
        else:
            return False
    return True


def _takes(who: Who, deal: Deal) -> bool:
    """Whether the deal is one with whoever asks: with their organisation, or with all organisations that take part; the person and
    who acts for the person come with none."""
    if who.role in ("patient", "carer"):
        return deal.taker == "" or deal.taker == who.organisation
    return who.organisation != "" and (deal.taker == "" or deal.taker == who.organisation)


def _said(somebody: Somebody, what: str, codes: set[str] | frozenset[str], world: World) -> bool:
    return any(c.what == what and c.code in codes and c.begins <= world.now and world.now < c.ends for c in somebody.claims)


def _all_said(thing: Thing, what: str, codes: set[str] | frozenset[str], world: World) -> bool:
    return all(_said(somebody, what, codes, world) for somebody in thing.about)


def _any_said(thing: Thing, what: str, codes: set[str], world: World) -> bool:
    return any(_said(somebody, what, codes, world) for somebody in thing.about)


def _involved(who: Who, thing: Thing, world: World) -> bool:
    if who.role == "privacy-officer":
        return True
    return _all_said(thing, "proxy" if who.role == "carer" else "care", who.names, world)


def _consented(who: Who, thing: Thing, world: World) -> bool:
    if who.role in ("privacy-officer", "carer"):
        return True
    if _any_said(thing, "consent", {"refused"}, world):
        return False
    return world.opt_out or _all_said(thing, "consent", {"given"}, world)


def _unlabelled(who: Who, thing: Thing, world: World) -> bool:
    if who.role == "carer" and thing.labels & FROM_THE_PATIENT:
        return False
    for label in thing.labels - HARMLESS - FROM_THE_PATIENT:
        if thing.type == "Patient" and label in SHOWN_ON_A_PATIENT:
            continue
        if label in ("R", "worded") and thing.labels & MEANS_RESTRICTED:
            continue
        called = "R" if label == "worded" else CALLED.get(label, label)
        if _any_said(thing, "consent", {"refused:" + called}, world):
            return False
        if who.role in CLEARED.get(called, "").split():
            continue
        if not _all_said(thing, "consent", {"given:" + called}, world):
            return False
    return True


def _uncleared(who: Who, thing: Thing) -> bool:
    """Nobody can consent for nobody."""
    labels = thing.labels - HARMLESS - FROM_THE_PATIENT
    return any(who.role not in CLEARED.get(CALLED.get(one, one), "").split() for one in labels)
