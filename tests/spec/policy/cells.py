"""A record in which everything that decides varies, and the same record as the oracle reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from interop.fhir.rows import IndexRow
from interop.policy.asker import Asker
from interop.policy.facts import Agreement, Facts
from interop.policy.labels import PARAMETER
from interop.policy.tables import tables
from interop.store.values import Put, Stored
from tests.spec.policy.oracle import PURPOSES, Claim, Deal, Somebody, Thing, Who, World
from tests.spec.store.build import T0, put, reference

SECOND = 1_000_000
NOW = T0
FOREVER = T0 * 2
BEFORE, SOON = NOW - 1000 * SECOND, NOW + 1000 * SECOND
OWN = "A81001"
USER = "https://issuer.example|dr-green"

IN_FORCE, OVER, TO_COME = (BEFORE, SOON), (BEFORE, NOW), (NOW + SECOND, SOON)
"""Periods: in force; over a second ago, since the second of its end is no longer in it; beginning in a second."""

RELATIONSHIPS: dict[str, tuple[Claim, ...]] = {
    "none": (),
    "by organisation": (Claim("care", f"ods:{OWN}", *IN_FORCE),),
    "by user": (Claim("care", f"user:{USER}", *IN_FORCE),),
    "over": (Claim("care", f"ods:{OWN}", *OVER),),
    "to come": (Claim("care", f"user:{USER}", *TO_COME),),
    "of others": (Claim("care", "ods:B82002", *IN_FORCE), Claim("care", "user:other", *IN_FORCE)),
    "proxy": (Claim("proxy", f"user:{USER}", *IN_FORCE),),
    "proxy over": (Claim("proxy", f"user:{USER}", *OVER),),
}
CONSENTS: dict[str, tuple[Claim, ...]] = {
    "not given": (),
    "given": (Claim("consent", "given", *IN_FORCE),),
    "expired": (Claim("consent", "given", *OVER),),
    "to come": (Claim("consent", "given", *TO_COME),),
    "refused": (Claim("consent", "refused", *IN_FORCE),),
    "given and refused": (Claim("consent", "given", *IN_FORCE), Claim("consent", "refused", *IN_FORCE)),
    "given, refusal over": (Claim("consent", "given", *IN_FORCE), Claim("consent", "refused", *OVER)),
}
BY_LABEL: dict[str, tuple[Claim, ...]] = {
    "none": (),
    "given": tuple(Claim("consent", f"given:{one}", *IN_FORCE) for one in ("HIV", "PSY", "R", "PRS", "EMP", "unknown")),
    "expired": tuple(Claim("consent", f"given:{one}", *OVER) for one in ("HIV", "PSY", "R", "PRS", "EMP", "unknown")),
    "given and refused": tuple(
        Claim("consent", f"{said}:{one}", *IN_FORCE)
        for one in ("HIV", "PSY", "R", "PRS", "EMP", "unknown")
        for said in ("given", "refused")
    ),
    "of one": (Claim("consent", "given:HIV", *IN_FORCE), Claim("consent", "refused:SDV", *IN_FORCE)),
}
EMERGENCIES: dict[str, tuple[Claim, ...]] = {
    "none": (),
    "declared": (Claim("breakglass", f"user:{USER}", *IN_FORCE),),
    "over": (Claim("breakglass", f"user:{USER}", *OVER),),
    "of another": (Claim("breakglass", "user:other", *IN_FORCE), Claim("breakglass", f"ods:{OWN}", *IN_FORCE)),
}
LABELS: tuple[frozenset[str], ...] = tuple(
    frozenset(one.split())
    for one in (
        "", "N", "R", "V", "GENDER", "HIV", "R HIV", "PSY", "R PSY", "V SEX", "HIV PSY", "SDV R", "PRS", "R PRS", "NOPAT",
        "HIV NOPAT", "third-party", "CEL", "EMP", "worded", "unknown", "LOCIS R", "DEMO", "ETH", "HTEST N",
    )
)  # fmt: skip
DEALS: dict[str, tuple[Deal, ...]] = {
    "X-DIRECT": (Deal("X-DIRECT", "", (), BEFORE, FOREVER, "active"),),
    "X-PAIR": (Deal("X-PAIR", OWN, ("booking",), BEFORE, FOREVER, "active"),),
    "X-OTHERS": (Deal("X-OTHERS", "B82002", ("direct-care", "booking"), BEFORE, FOREVER, "active"),),
    "X-PENDING": (Deal("X-PENDING", "", (), BEFORE, FOREVER, "pending"),),
    "X-WITHDRAWN": (Deal("X-WITHDRAWN", "", (), BEFORE, FOREVER, "withdrawn"),),
    "X-ENDED": (Deal("X-ENDED", "", (), BEFORE, NOW, "active"),),
    "X-BEGINS": (Deal("X-BEGINS", "", (), NOW + SECOND, FOREVER, "active"),),
    "X-EMERGENCY": (Deal("X-EMERGENCY", "", ("emergency",), BEFORE, FOREVER, "active"),),
    "X-RECORD": (Deal("X-RECORD", "", ("own-record", "administration", "audit"), BEFORE, FOREVER, "active"),),
    "X-AGAIN": (Deal("X-AGAIN", "", (), BEFORE, NOW, "active"), Deal("X-AGAIN", "", (), NOW, FOREVER, "active")),
}
SOURCES: tuple[frozenset[str], ...] = (
    frozenset(),
    frozenset((OWN,)),
    *(frozenset((name,)) for name in DEALS),
    frozenset(("X-NONE",)),
    frozenset((OWN, "X-DIRECT")),
    frozenset(("X-DIRECT", "X-WITHDRAWN")),
)
KINDS = {
    "Patient": "demographic", "RelatedPerson": "demographic", "Appointment": "appointment", "Task": "task", "CarePlan": "plan",
    "Observation": "clinical", "DocumentReference": "document", "Coverage": "finance", "Consent": "governance",
    "AuditEvent": "audit",
}  # fmt: skip
UNPERSONAL = {"Location": "directory", "Slot": "book", "Contract": "contract"}
FACTS = {
    model: Facts(
        tuple(
            Agreement(f"{name}-{n}", deal.giver, deal.taker, deal.purposes, deal.begins, deal.ends, deal.state)
            for name, deals in DEALS.items()
            for n, deal in enumerate(deals)
        ),
        model,
    )
    for model in ("explicit", "implied")
}
WORLDS = {model: World(tuple(deal for deals in DEALS.values() for deal in deals), model == "implied", NOW) for model in FACTS}


@dataclass(frozen=True)
class Cell:
    """A resource as both see it."""

    id: str
    thing: Thing
    rows: tuple[IndexRow, ...]

    def put(self) -> Put:
        """As the store takes it."""
        source = ",".join(sorted(self.thing.sources))
        return Put(
            Stored(self.thing.type, self.id, 1, T0, b'{"resourceType":"%s"}' % self.thing.type.encode(), source=source),
            [*self.rows],
        )


def labelled(labels: frozenset[str]) -> Iterator[IndexRow]:
    """The index rows of labels."""
    pairs = {code: pair for pair in tables().known for code in (pair[1],) if tables().known[pair].pair == pair}
    for code in sorted(labels):
        yield IndexRow(PARAMETER, "token", *pairs[code])


def people() -> list[Somebody]:
    """Everybody: what may be said about a person in every combination."""
    found = []
    for n, claims in enumerate(product(RELATIONSHIPS.values(), CONSENTS.values(), BY_LABEL.values(), EMERGENCIES.values())):
        found.append(Somebody(frozenset((f"p{n}",)), tuple(claim for some in claims for claim in some)))
    return found


def said(somebody: Somebody) -> Put:
    """A resource that says all that is said about somebody."""
    (id_,) = somebody.ids
    rows = [IndexRow(claim.what, "access", claim.code, claim.begins, claim.ends) for claim in somebody.claims]
    return put("Provenance", f"said-{id_}", 1, reference("patient", f"Patient/{id_}"), *rows)


def cell(n: int, type_: str, somebody: Somebody | None, labels: frozenset[str], sources: frozenset[str]) -> Cell:
    """A resource of that type about somebody, or nobody."""
    kind = KINDS.get(type_) or UNPERSONAL.get(type_) or tables().types[type_]
    rows = tuple(labelled(labels))
    if somebody is None:
        return Cell(f"{type_}-{n}", Thing(type_, kind, sources, labels), rows)
    (id_,) = somebody.ids
    if type_ == "Patient":
        return Cell(id_, Thing(type_, kind, sources, labels, (somebody,)), rows)
    parameter = "subject" if type_ == "AdverseEvent" else "patient"
    thing = Thing(type_, kind, sources, labels, (somebody,))
    return Cell(f"{type_}-{n}", thing, (reference(parameter, f"Patient/{id_}"), *rows))


def askers() -> list[tuple[Asker, Who]]:
    """Every role for each of its purposes, with and without an organisation, a user and a patient in context."""
    found = []
    for role, purposes in PURPOSES.items():
        for purpose in ("", *purposes):
            found.append(_asker(role, purpose))
        found += [_asker(role, patient="p160"), _asker(role, user=""), _asker(role, organisation="")]
    found += [_asker("gp", "analytics"), _asker("nobody"), _asker(""), _asker("patient", organisation="", patient="p160")]
    found.append(_asker("patient", "booking", organisation="", patient="p300"))
    return found


def _asker(role: str, purpose: str = "", organisation: str = OWN, user: str = USER, patient: str = "") -> tuple[Asker, Who]:
    if role == "patient":
        organisation = ""
    asker = Asker(user=user, role=role, organisation=organisation, purpose=purpose, patient=patient, scopes=None)
    names = {f"user:{user}"} if user else set()
    names |= {f"ods:{organisation}"} if organisation else set()
    return asker, Who(role, organisation, user, frozenset(names), purpose, patient)


def record(each: int) -> tuple[list[Put], list[Cell]]:
    """Everybody, ``each`` resources about everyone, some about two or about nobody, some about no person at all; what varies about
    resources goes round, so that over all people every label meets every source and every type."""
    everybody = people()
    puts = [said(somebody) for somebody in everybody]
    cells: list[Cell] = []
    types = [type_ for type_ in KINDS if type_ != "Patient"]
    turn = 0
    for somebody in everybody:
        for n in range(each + 1):
            turn += 1
            type_ = types[turn % len(types)] if n else "Patient"
            cells.append(cell(turn, type_, somebody, LABELS[turn * 7 % len(LABELS)], SOURCES[turn * 11 // 3 % len(SOURCES)]))
    for one, other in zip(everybody[::3], everybody[7::3], strict=False):
        turn += 1
        single = cell(turn, "Appointment", one, LABELS[turn % 7], SOURCES[turn % 3])
        (id_,) = other.ids
        both = replace(single.thing, about=(one, other))
        cells.append(Cell(single.id, both, (*single.rows, reference("actor", f"Patient/{id_}"))))
    for type_, labels, sources in product((*types, *UNPERSONAL), LABELS, SOURCES):
        turn += 1
        cells.append(cell(turn, type_, None, labels, sources))
    contract = cell(turn + 1, "Contract", everybody[160], frozenset(), frozenset((OWN,)))
    return puts, [*cells, contract]


async def visible(store: Any, decision: Any) -> set[str]:
    """Everything that can be found under a Decision."""
    from interop.store.plan import Search

    if decision.refusal:
        return set()
    found = await store.query(Search(decision, "", None, (), 1_000_000))
    return {f"{one.type}/{one.id}" for one in found if one.type != "Provenance"}
