"""The one place where a Decision is made: every read and write passes through here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from interop.policy.asker import NOBODY, TESTER, Asker
from interop.policy.facts import Facts
from interop.policy.narrowing import ACTIONS, ANY_TYPE, narrowing, reached, usable
from interop.policy.relationships import RELATIONSHIPS
from interop.policy.rules import EVERYTHING, NAMES_PATIENT, NOTHING, PATIENT, SECOND, Rules, Shared
from interop.policy.scopes import Scope
from interop.policy.tables import tables
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.where import All, Any, Not, Sources, Tokens, Types, Where

REFUSED: Final = "forbidden"
PUBLIC: Final = frozenset(("capabilities",))
"""What anyone may ask: it is about nobody."""
WRITES: Final = frozenset(("create", "update", "patch", "delete"))
SEARCHES: Final = frozenset(("search-type", "search-system", "search-compartment"))
BUNDLES: Final = frozenset(("batch", "transaction"))
"""Each entry is decided by itself."""
DECLARED: Final = frozenset(("self-claim", "break-glass"))
CONTACT: Final = {"$contact-choices": "rs", "$record-contact-choices": "cu"}
"""Operations on how a person wants to be told of news, of those with whom one has to do, and what a scope must give for each."""
UNPERSONAL: Final = frozenset(("ingest", "messages", "contents", "audit", "takedown", "links", "replay", "retention", "population"))
"""Operations that no scope of FHIR speaks of but one for everything."""
POPULATION: Final = "population"
"""Operations that give numbers of people and nobody; what they are made of is read under ``counted``."""
COUNTED: Final = ("CarePlan", "Condition", "Encounter", "Patient", "RiskAssessment")
ANALYTICS: Final = "analytics"
"""The purpose for which whoever contributed to it must have agreed."""
RELINK: Final = "relink"
"""Operations that tell whose pseudonyms are: of those with whom the asker has to do, for their care."""
TOLD: Final = "told"
"""Asked of a Patient: whether somebody may be told of that person. That they could find who it is is not enough."""
EXPORT: Final = "export"
"""Operations that a token for a person, or for a patient, is not given for: programs alone keep what is exported."""
ROOM: Final = 10_000
"""Decisions that are kept for the second in which they hold."""


class Question(NamedTuple):
    """Who wants to do what with what: ``interaction`` is a code of FHIR's restful-interaction value sets (``read``,
    ``search-type``), the name of an operation (``$everything``) or of a query of another protocol (``QBP^Q22``); type and id are ''
    where none is named. ``narrowed``: for those of the asker's scopes that have criteria, what they say of a resource of the type;
    a scope with criteria that is not there gives nothing."""

    interaction: str
    type: str = ""
    id: str = ""
    asker: Asker = NOBODY
    narrowed: tuple[tuple[Scope, Where], ...] = ()


Policy = Callable[[Question, Facts, int], Decision]
"""What decides: the question, what is known, the time in microseconds."""


class _Memory:
    """The Decisions of one second under the same facts: what is asked again is not made again."""

    __slots__ = ("facts", "made", "second", "shared")

    def __init__(self, facts: Facts, second: int) -> None:
        self.facts = facts
        self.second = second
        self.made: dict[tuple[object, ...], Decision] = {}
        self.shared: Shared = {}


_memory = _Memory(Facts(), -1)


def decide(question: Question, facts: Facts, now: int) -> Decision:
    """What the asker may see, or what must hold of what is to be written and of the Patient whom it is about. Pure; ``now`` in
    microseconds, of which whole seconds count.

    ``rule`` names the rows that decided: role, purpose, class. A refusal is ``forbidden``: the role or the token is not for it,
    whatever is in the record."""
    global _memory
    if question.asker == TESTER:
        return PERMIT_ALL
    memory = _memory
    second = now // SECOND
    if memory.second != second or memory.facts is not facts or len(memory.made) > ROOM:
        memory = _memory = _Memory(facts, second)
    key = (question.interaction, question.type, question.asker, question.narrowed)
    made = memory.made.get(key)
    if made is None:
        made = memory.made[key] = _made(question, facts, second * SECOND, memory.shared)
    return made


def purpose_of(asker: Asker) -> str:
    """The purpose in force: the one that the asker named, else the role's own; '' for a role that is not known, or sees all."""
    role = tables().roles.get(asker.role)
    return asker.purpose or (role.purposes[0] if role is not None and not role.all else "")


def rules(asker: Asker, facts: Facts, now: int, shared: Shared | None = None) -> Rules | None:
    """What the tables say for an asker; None for a role that they do not have, or a purpose that the role does not have."""
    known = tables()
    role = known.roles.get(asker.role)
    if role is None or (asker.purpose and asker.purpose not in role.purposes):
        return None
    purpose = known.purposes[asker.purpose or role.purposes[0]]
    return Rules(known, role, purpose, asker, facts, now // SECOND * SECOND, {} if shared is None else shared)


def _made(question: Question, facts: Facts, now: int, shared: Shared) -> Decision:
    asker, interaction = question.asker, question.interaction
    if interaction in PUBLIC:
        return Decision(f"anyone/{interaction}")
    by = rules(asker, facts, now, shared)
    if by is None:
        return Decision(asker.role or "nobody", refusal=REFUSED)
    kind = by.of.types.get(question.type, "")
    rule = "/".join(part for part in (by.role.name, by.purpose.name, kind) if part)
    if interaction == TOLD:
        return Decision(f"{rule}/{TOLD}", by.once(concerned))
    if interaction in WRITES:
        return _written(question, by, kind, rule)
    actions = ACTIONS.get(interaction, "")
    if not actions and interaction not in BUNDLES:
        return _operation(question, by, f"{rule}/{interaction}")
    if kind and kind not in by.seen:
        return Decision(rule, refusal=REFUSED)
    return _scoped(question, Decision(rule, by.once(read)), actions or "rs")


def _operation(question: Question, by: Rules, rule: str) -> Decision:
    """An operation, a query of another protocol or a declaration."""
    group = by.of.operations.get(question.interaction, "")
    if group not in by.role.given:
        return Decision(rule, refusal=REFUSED)
    scopes = question.asker.scopes
    if group in DECLARED or group == "consent":
        if not _in_scope(question, "cu"):
            return Decision(rule, refusal=REFUSED)
        return Decision(rule, All((Types((PATIENT,)), declared(by, group))))
    if question.interaction in CONTACT:
        return _contacted(question, by, rule)
    if group == RELINK:
        return _relinking(question, by, rule)
    if group in UNPERSONAL and scopes is not None and not any(one.type == ANY_TYPE and one.context != "patient" for one in scopes):
        return Decision(rule, refusal=REFUSED)
    if group == EXPORT and scopes is not None and not any(one.context == "system" for one in scopes):
        return Decision(rule, refusal=REFUSED)
    if group == POPULATION:
        return _counting(question, by, rule)
    if group == "agreement":
        if not _in_scope(question, "cu"):
            return Decision(rule, refusal=REFUSED)
        own = Sources((question.asker.organisation,)) if question.asker.organisation else EVERYTHING
        return Decision(rule, All((Types(by.of.classes["contract"].types), Not(NAMES_PATIENT), own)))
    return _narrowed(question, Decision(rule, by.once(read)), "rs")


def _counting(question: Question, by: Rules, rule: str) -> Decision:
    """A user, whom the privacy officer's queue counts, by a token that reads, in the context of no patient: a list is of many."""
    if by.asker.patient or not by.asker.user or not _in_scope(question, "rs"):
        return Decision(rule, refusal=REFUSED)
    return _narrowed(question, Decision(rule, by.once(counted)), "rs")


def _relinking(question: Question, by: Rules, rule: str) -> Decision:
    """Users alone, for direct care; by a relationship, which no emergency and no finding stands for."""
    if by.purpose.name != "direct-care" or not by.asker.user or not _in_scope(question, "rs"):
        return Decision(rule, refusal=REFUSED)
    return _narrowed(question, Decision(rule, by.once(cared_for)), "rs")


def _contacted(question: Question, by: Rules, rule: str) -> Decision:
    """As consent is taken down: by a relationship, which no emergency and no finding stands for, and whether or not they consent
    to sharing. Of the Patients that the scopes reach."""
    actions = CONTACT[question.interaction]
    if not _in_scope(question, actions):
        return Decision(rule, refusal=REFUSED)
    return _narrowed(question, Decision(rule, All((Types((PATIENT,)), declared(by, "contact")))), actions)


def _written(question: Question, by: Rules, kind: str, rule: str) -> Decision:
    rule += "/write"
    if kind not in by.written or not _in_scope(question, ACTIONS[question.interaction]):
        return Decision(rule, refusal=REFUSED)
    predicate = by.once(involving if question.type in RELATIONSHIPS else written)
    scopes = usable(question.asker, ACTIONS[question.interaction], dict(question.narrowed))
    reach = narrowing(scopes, dict(question.narrowed)) if question.asker.scopes is not None else None
    if reach is not None and question.type != PATIENT:  # a scope for what is written says nothing of the Patient whom it is about
        reach = Any((Types((PATIENT,)), reach))
    return _permitted(rule, predicate, reach)


def _scoped(question: Question, decision: Decision, actions: str) -> Decision:
    """A read within the asker's scopes; a search outside them by a token for one patient finds nothing."""
    if not _in_scope(question, actions):
        if question.interaction in SEARCHES and question.asker.patient:
            return Decision(f"{decision.rule}/scope", NOTHING)
        return Decision(f"{decision.rule}/scope", refusal=REFUSED)
    return _narrowed(question, decision, actions)


def permitted(question: Question) -> bool:
    """Whether the asker's scopes are for the interaction and the type; for an operation, whether they are for reading the type."""
    return _in_scope(question, ACTIONS.get(question.interaction, "rs"))


def _in_scope(question: Question, actions: str) -> bool:
    scopes = question.asker.scopes
    return scopes is None or reached(usable(question.asker, actions, dict(question.narrowed)), question.type)


def _narrowed(question: Question, decision: Decision, actions: str) -> Decision:
    if question.asker.scopes is None:
        return _permitted(decision.rule, decision.predicate, None)
    known = dict(question.narrowed)
    return _permitted(decision.rule, decision.predicate, narrowing(usable(question.asker, actions, known), known))


def _permitted(rule: str, predicate: Where | None, reach: Where | None) -> Decision:
    held = tuple(part for part in (predicate, reach) if part not in (None, EVERYTHING))
    if not held:
        return PERMIT_ALL
    return Decision(rule, held[0] if len(held) == 1 else All(held))


def read(by: Rules) -> Where:
    """What may be read, of whatever type: what is included, or passed through by a chain, is judged by its own class."""
    if by.role.all:
        return Any((Types(_of_nobody(by)), by.launched())) if by.asker.patient else EVERYTHING
    persons = by.types(by.seen, "person")
    branches: list[Where] = [
        Types(by.types(by.seen, "open")),
        All((Types(by.types(by.seen, "unnamed")), Not(NAMES_PATIENT))),
        *(
            All((Types(by.of.classes[name].types), by.agreed(by.of.classes[name].agreement)))
            for name in sorted(by.seen)
            if by.of.classes[name].about == "source"
        ),
    ]
    others = tuple(type for type in persons if type != PATIENT)
    branches.append(_personal(by, others, involved(by), by.emergency(), by.own()))
    for each in by.of.besides:
        if each.name in by.seen and each.type not in persons:
            bears, lacks = _tokens(each.bears), _tokens(each.lacks)
            here = _personal(by, (each.type,), involved(by), by.emergency(), by.own())
            branches.append(All((Any(bears), *map(Not, lacks), here)))
    if PATIENT in persons:
        branches.append(_personal(by, (PATIENT,), involved(by, patient=True), by.emergency(), by.found()))
    return Any(tuple(branches))


def _tokens(rows: tuple[tuple[str, str, str], ...]) -> tuple[Where, ...]:
    return tuple(Tokens(parameter, ((system, code),)) for parameter, system, code in rows)


def _personal(by: Rules, types: tuple[str, ...], *ways: Where) -> Where:
    """What is about a person: each source has agreed, no statute forbids it, one of the ways is open, it is of who was launched."""
    parts = (Types(types), by.agreed(), by.lawful(), _either(*ways))
    return All((*parts, by.launched()) if by.asker.patient else parts)


def involving(by: Rules) -> Where:
    """The same for what makes a relationship: an emergency ends, and what was written in it must not go on opening the record."""
    return written(by, emergency=False)


def written(by: Rules, emergency: bool = True) -> Where:
    """What may be written over, and about which Patients anything new may be written; ``emergency``: whether one opens it too."""
    if by.role.all:
        return read(by)
    own = Sources((by.asker.organisation,)) if by.asker.organisation else NOTHING
    persons = tuple(type for type in by.types(by.written, "person") if type != PATIENT)
    declared = by.emergency() if emergency else NOTHING
    return Any(
        (
            Types(by.types(by.written, "open")),
            All((Types(by.types(by.written, "source")), own)),
            _personal(by, persons, involved(by), declared, by.own()),
            _personal(by, (PATIENT,), involved(by, patient=True), declared),
        )
    )


def declared(by: Rules, group: str) -> Where:
    """About which Patients a declaration may be made: whoever can be found, for what they have said whom one is involved with."""
    if by.role.all:
        return by.launched()
    known = by.relationship()
    about = _either(known, by.found()) if group in DECLARED else known
    return All((by.agreed(), by.lawful(), about, by.launched()))


def concerned(by: Rules) -> Where:
    """The Patients of whom the asker may be told: their care is the asker's, and they consent."""
    return _personal(by, (PATIENT,), involved(by, patient=True))


def cared_for(by: Rules) -> Where:
    """The Patients with whom the asker has to do and who would be counted still: who opts out is linked no more."""
    return All((_personal(by, (PATIENT,), involved(by, patient=True)), by.beyond_care()))


def counted(by: Rules) -> Where:
    """What numbers of people are made of: of nobody by name, so without a relationship. It is read, and never given."""
    return All((Types(COUNTED), by.agreed(ANALYTICS), by.lawful(), by.countable()))


def involved(by: Rules, patient: bool = False) -> Where:
    """The way of every day: a relationship, consent, and nothing sensitive that is held back."""
    return All((by.relationship(), by.consent(), by.labels(patient)))


def _of_nobody(by: Rules) -> tuple[str, ...]:
    return tuple(sorted(type for one in by.of.classes.values() if one.about != "person" for type in one.types))


def _either(*parts: Where) -> Where:
    """Any of them; those that never hold left out."""
    left = tuple(part for part in parts if part != NOTHING)
    return left[0] if len(left) == 1 else Any(left)
