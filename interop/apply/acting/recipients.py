"""Who is to be told: people and teams by the person's record, and of them those alone who may see what happened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from interop.apply.acting.person import Resource, body, known
from interop.fhir.shapes import dicts, text
from interop.ids import ODS_ORGANISATION, OdsCode
from interop.policy.asker import TESTER, Asker
from interop.policy.decide import TOLD, Policy, Question
from interop.policy.facts import Facts
from interop.policy.grants import period
from interop.policy.tables import tables
from interop.rules import actions
from interop.rules.actions import DESTINATION, PATIENT, WORKLIST, To
from interop.rules.making import Occurrence
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.plan import Read, Search
from interop.store.seam import Store
from interop.store.values import Stored
from interop.store.where import Reference

CLIENT: Final = "rules"
"""What the engine is called where it acts by rules."""
NAMED: Final = "named-clinician"
"""The code, and with a blank the words, of a participant's role by which a care team says who answers for the person."""
AT: Final = "urn:interop:destination"
"""The system of an identifier that names a destination of the deployment."""
CLINICIAN: Final = "gp"
"""As whom an organisation is asked about what no program is given (an emergency that was declared): those who are told are
people."""
PERSON: Final = "Patient"
ROLES: Final = 20
"""Roles of one clinician that are looked at."""


class Told(NamedTuple):
    """Somebody who may be told: by a reference, or those of a worklist. ``name`` is the same whenever the same one is meant."""

    name: str
    reference: Resource | None
    worklist: str = ""


class _Meant(NamedTuple):
    name: str
    reference: Resource
    organisations: tuple[str, ...]


class Recipients:
    """Finds them. ``code`` gives the ODS code of an Organization's id, ``destinations`` the organisation of each destination;
    ``open``: nobody signs on, and everybody sees all."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        facts: Callable[[], Facts],
        code: Callable[[str], str],
        destinations: Mapping[str, str],
        *,
        open: bool,
    ) -> None:
        self._store, self._policy, self._facts, self._code = store, policy, facts, code
        self._destinations, self._open = destinations, open
        self.fresh: Callable[[], Awaitable[None]] | None = None
        """Brings what decisions know up to what other processes have committed; None where there are none."""

    async def of(self, to: Iterable[To], what: Occurrence, now: int) -> list[Told]:
        """Who of the recipients of a rule is told."""
        if self.fresh is not None:
            await self.fresh()
        found: dict[str, Told] = {}
        for one in to:
            if one.kind == WORKLIST:
                found[f"worklist {one.name}"] = Told(f"worklist {one.name}", None, one.name)
            elif one.kind == PATIENT:
                died = (await known(self._store, what.patient, ("deceased",), now))["deceased"]
                if not died and await self._sees(self._patient(what), what, now):
                    name = f"Patient/{what.patient}"
                    found[name] = Told(name, {"reference": name})
            else:
                for meant in await self._meant(one, what, now):
                    if await self._any(meant.organisations, what, now):
                        found[meant.name] = Told(meant.name, meant.reference)
        return list(found.values())

    async def may(self, recipient: Resource, type: str, id: str, patient: str, now: int) -> bool:
        """Whether one who was to be told of a resource may be told of it now; a person who has died is not."""
        if self.fresh is not None:
            await self.fresh()
        what = await self._occurrence(type, id, patient, now)
        named = _name(recipient)
        if named.startswith("Patient/"):
            person = named.removeprefix("Patient/")
            died = (await known(self._store, person, ("deceased",), now))["deceased"]
            return not died and await self._sees(self._patient(replace(what, patient=person)), what, now)
        of = [To(kind) for kind in (actions.CARE_TEAM, actions.NAMED_CLINICIAN, actions.GP)]
        meant = [each for one in of for each in await self._meant(one, what, now)]
        codes = [code for each in meant if each.name == named for code in each.organisations]
        return await self._any([*codes, await self._organisation(recipient)], what, now)

    async def vouch(self, entry: Stored, type: str, id: str, patient: str, now: int) -> bool:
        """Whether an address in a team, a role or an organisation is of somebody who may see it: a team says for whom it works, but
        its telephone is that of whoever has written it."""
        what = await self._occurrence(type, id, patient, now)
        if entry.type == "CareTeam":
            written = [each for each in entry.source.split(",") if each]
            return self._open or (bool(written) and all([await self._any((each,), what, now) for each in written]))
        return await self._any([await self._organisation({"reference": f"{entry.type}/{entry.id}"})], what, now)

    async def _occurrence(self, type: str, id: str, patient: str, now: int) -> Occurrence:
        """What somebody was to be told of; what is about many and about nobody alone, also of that person."""
        found: list[Stored] = await self._store.query(Read(PERMIT_ALL, type, id))
        many = type != PERSON and patient and any(not each.deleted and not each.subject for each in found)
        return Occurrence({}, type, id, patient, now, now, "", "", ((PERSON, patient),) if many else ())

    async def _any(self, organisations: Iterable[str], what: Occurrence, now: int) -> bool:
        if self._open:
            return True
        role = "system" if tables().types.get(what.type) in tables().roles["system"].sees else CLINICIAN
        for organisation in dict.fromkeys(filter(None, organisations)):
            if await self._sees(Asker(role=role, organisation=organisation, client=CLIENT, scopes=None), what, now):
                return True
        return False

    def _patient(self, what: Occurrence) -> Asker:
        if self._open:
            return TESTER
        named = f"Patient/{what.patient}"
        return Asker(user=named, role="patient", client=CLIENT, patient=what.patient, fhir_user=named, scopes=None)

    async def _sees(self, asker: Asker, what: Occurrence, now: int) -> bool:
        """Whether they may see the resource that it happened to as it is now, and what else they would learn of; of a person whom
        it names, whether they may be told of that person."""
        more = [(TOLD if type_ == PERSON else "read", type_, id_) for type_, id_ in what.also]
        for interaction, type_, id_ in dict.fromkeys((("read", what.type, what.id), *more)):
            made = self._policy(Question(interaction, type_, id_, asker), self._facts(), now)
            if made.refusal:
                return False
            decision = Decision(made.rule, made.predicate, "", made.whole)
            if not any(not each.deleted for each in await self._store.query(Read(decision, type_, id_))):
                return False
        return True

    async def _meant(self, to: To, what: Occurrence, now: int) -> list[_Meant]:
        match to.kind:
            case actions.CARE_TEAM:
                return [await self._team(team) for team in await self._teams(what, now)]
            case actions.NAMED_CLINICIAN:
                return await self._clinicians(what, now)
            case actions.GP:
                return await self._practices(what, now)
            case actions.WRITE_BACK:
                codes = {code for each in await self._practices(what, now) for code in each.organisations if code}
                return [self._destination(name) for name, code in self._destinations.items() if code in codes]
        if to.kind != DESTINATION or to.name not in self._destinations:
            return []
        return [self._destination(to.name)]

    def _destination(self, name: str) -> _Meant:
        named = {"identifier": {"system": AT, "value": name}, "display": name}
        return _Meant(f"destination {name}", named, (self._destinations[name],))

    async def _teams(self, what: Occurrence, now: int) -> list[Resource]:
        return (await known(self._store, what.patient, ("teams",), now))["teams"]

    async def _team(self, team: Resource) -> _Meant:
        codes = [await self._organisation(each) for each in dicts(team, "managingOrganization")]
        if not any(codes):
            parts = [part for each in dicts(team, "participant") for part in (each.get("onBehalfOf"), each.get("member"))]
            codes = [await self._organisation(each) for each in parts]
        named = f"CareTeam/{team['id']}"
        return _Meant(named, {"reference": named}, tuple(codes))

    async def _clinicians(self, what: Occurrence, now: int) -> list[_Meant]:
        found = []
        for team in await self._teams(what, now):
            for each in dicts(team, "participant"):
                member = each.get("member")
                span = period(each)
                if not isinstance(member, dict) or not _named(each) or not span.low <= now < span.high:
                    continue
                behalf = [each.get("onBehalfOf"), member, *dicts(team, "managingOrganization")]
                codes = [await self._organisation(one) for one in behalf]
                found.append(_Meant(_name(member), _reference(member), tuple(filter(None, codes))[:1]))
        return [each for each in found if each.name]

    async def _practices(self, what: Occurrence, now: int) -> list[_Meant]:
        """Those whom the Patient names; where that one names none, those whom the person's others do."""
        found: list[_Meant] = []
        for name in ("patient", "person"):
            (patients,) = (await known(self._store, what.patient, (name,), now)).values()
            for patient in patients if not found else ():
                doctors = dicts(patient, "generalPractitioner")
                codes = tuple([code for each in doctors for code in await self._employers(each)])
                found += [_Meant(_name(each), _reference(each), codes) for each in doctors if _name(each)]
        return found

    async def _employers(self, reference: Any) -> list[str]:
        """The ODS codes of whom a reference means; of a clinician's those that their roles are of."""
        type_, _, id_ = text(reference, "reference").partition("/")
        if type_ != "Practitioner" or not id_:
            return [await self._organisation(reference)]
        held = Search(PERMIT_ALL, "PractitionerRole", Reference("practitioner", (f"{type_}/{id_}",)), count=ROLES)
        roles = [body(each) for each in await self._store.query(held)]
        return [await self._organisation(each.get("organization")) for each in roles if each.get("active") is not False]

    async def _organisation(self, reference: Any) -> str:
        """The ODS code of whom a reference means, or of whose a role is; '' where nothing says."""
        identifier = reference.get("identifier") if isinstance(reference, dict) else None
        if text(identifier, "system") == ODS_ORGANISATION:
            return str(OdsCode.read(text(identifier, "value")) or "")
        type_, _, id_ = text(reference, "reference").partition("/")
        if type_ == "Organization":
            return self._code(id_)
        if type_ == "PractitionerRole":
            for each in await self._store.query(Read(PERMIT_ALL, type_, id_)):
                if not each.deleted:
                    return await self._organisation(body(each).get("organization"))
        return ""


def _named(participant: Resource) -> bool:
    roles = dicts(participant, "role")
    coded = any(text(coding, "code") == NAMED for role in roles for coding in dicts(role, "coding"))
    return coded or any(text(role, "text").casefold() == NAMED.replace("-", " ") for role in roles)


def _name(reference: Resource) -> str:
    identifier = reference.get("identifier")
    return text(reference, "reference") or f"{text(identifier, 'system')}|{text(identifier, 'value')}".strip("|")


def _reference(reference: Resource) -> Resource:
    return {name: value for name, value in reference.items() if name in ("reference", "identifier", "type", "display")}
