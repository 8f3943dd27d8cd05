"""EMIS OpenHR: a GP record as one XML document (OpenHR001 schema, version 2.1.1).

Ids are GUIDs made from names, so that a later extract of the same record names the same things alike.
"""

from __future__ import annotations

from datetime import date, datetime, time
from functools import cache
from hashlib import md5
from xml.sax.saxutils import escape, quoteattr

from conformance.generate.clinical import Term
from conformance.generate.people import Address, Person
from conformance.generate.places import Clinician, Organisation
from conformance.generate.record import Consultation, Entry, Problem, Record

READ2 = "2.16.840.1.113883.2.1.6.2"
SNOMED = "2.16.840.1.113883.2.1.3.2.4.15"


@cache
def _known(name: str) -> str:
    return guid(name)


def guid(name: str) -> str:
    """A GUID that depends on the name alone."""
    h = md5(name.encode(), usedforsecurity=False).hexdigest()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


POLICY = guid("policy/open")
_NATIONAL = guid("organisation/national")


def _code(element: str, term: Term) -> str:
    """A code: Read with its SNOMED translation, or SNOMED alone where Read has none (or neither: an empty code, as EMIS sends)."""
    name = quoteattr(term.display)
    if not term.read and term.snomed:
        return f'<{element} codeSystem="{SNOMED}" displayName={name} code="{term.snomed}"/>'
    return (
        f'<{element} codeSystem="{READ2}" displayName={name} code="{term.read}">'
        f'<translation codeSystem="{SNOMED}" displayName={name} code="{term.snomed}"/></{element}>'
    )


def _part(element: str, at: date) -> str:
    """A DatePart: to the minute for a datetime, to the day for a date."""
    if isinstance(at, datetime):
        return f'<{element} datepart="YMDT" value="{at.isoformat(timespec="seconds")}"/>'
    return f'<{element} datepart="YMD" value="{at.isoformat()}T00:00:00"/>'


def _stamp(at: date) -> str:
    moment = at if isinstance(at, datetime) else datetime.combine(at, time())
    return moment.isoformat(timespec="seconds")


def _address(key: str, address: Address, mode: str = ' updateMode="add"') -> str:
    return (
        f"<address{mode}><id>{guid(key)}</id><postCode>{address.postcode}</postCode><houseNameFlat/>"
        f"<street>{escape(address.street)}</street>"
        f"<village/><town>{escape(address.town)}</town><county>{escape(address.county)}</county></address>"
    )


def _person(person: Person, me: str) -> str:
    contacts = [("H", person.phone), ("M", person.mobile)]
    return (
        f'<person updateMode="add"><id>{me}</id><birthDate>{person.birth_date.isoformat()}</birthDate><sex>{person.sex}</sex>'
        f"<forenames>{escape(f'{person.given} {person.middle}'.strip())}</forenames><callingName>{person.given}</callingName>"
        f"<surname>{escape(person.family)}</surname>"
        + (f"<birthSurname>{escape(person.maiden)}</birthSurname>" if person.maiden else "")
        + f"<title>{person.title.capitalize()}</title>{_address(f'{me}/home', person.address)}"
        + "".join(
            f'<contact updateMode="add"><id>{guid(f"{me}/{kind}")}</id><contactType>{kind}</contactType>'
            f"<value>{value}</value></contact>"
            for kind, value in contacts
            if value
        )
        + "</person>"
    )


def _patient(record: Record, me: str) -> str:
    person, gp = record.person, _known(f"clinician/{record.person.gp.code}")
    carer = person.kin
    carers = ""
    if record.carer:
        carers = (
            f'<PatientCarerDetails updateMode="add"><Relationship>{escape(record.carer)}</Relationship>'
            f"<Title>{carer.title.capitalize()}</Title>"
            f"<Forenames>{carer.given}</Forenames><Surname>{escape(carer.family)}</Surname><Telephone1>{carer.phone}</Telephone1>"
            "</PatientCarerDetails>"
        )
    return (
        f'<patient updateMode="add"><id>{me}</id><patientIdentifier updateMode="add"><identifierType>NHS</identifierType>'
        f"<value>{person.nhs_number}</value></patientIdentifier><patientPerson>{me}</patientPerson>"
        f"<registeredGPUserInRole>{gp}</registeredGPUserInRole><usualGPUserInRole>{gp}</usualGPUserInRole>"
        f'<confidentialityPolicy>{POLICY}</confidentialityPolicy><caseloadPatient updateMode="add"><id>{me}</id>'
        f"<organisation>{_practice(person)}</organisation><dateRecorded>{_stamp(record.registered)}</dateRecorded>"
        "<patientStatus><status>8</status><caseloadStatus>REG</caseloadStatus></patientStatus>"
        '<patientType dummy="false" userDefined="false">REG</patientType>'
        f"<emisPatientNumber>{10_000 + person.serial}</emisPatientNumber></caseloadPatient>{carers}</patient>"
    )


def _practice(person: Person) -> str:
    return _known(f"organisation/{person.practice.ods}")


@cache
def _organisation(organisation: Organisation, kind: str) -> str:
    me = guid(f"organisation/{organisation.ods}")
    place = guid(f"location/{organisation.ods}")
    return (
        f'<organisation updateMode="add"><id>{me}</id><name>{escape(organisation.name)}</name>'
        f'<organisationType codeSystem="{READ2}" displayName="{kind}" code=""/>'
        f"<nationalPracticeCode>{organisation.ods}</nationalPracticeCode><mainLocation>{place}</mainLocation>"
        f'<locations updateMode="add"><location>{place}</location></locations><parentOrganisation>{_NATIONAL}</parentOrganisation>'
        "<openDate>2008-04-01T00:00:00</openDate></organisation>"
    )


@cache
def _location(organisation: Organisation, kind: str) -> str:
    me = guid(f"location/{organisation.ods}")
    address = Address(organisation.street, organisation.town, "Mereshire", organisation.postcode)
    return (
        f'<location updateMode="add"><id>{me}</id><name>{escape(organisation.name)}</name>'
        f'<locationType codeSystem="{READ2}" displayName="{kind}" code=""/><notes/><openDate>2008-04-01T00:00:00</openDate>'
        f'{_address(f"{me}/address", address, "")}<contact updateMode="add"><id>{me}</id><contactType>W</contactType>'
        f"<value>{organisation.phone}</value></contact></location>"
    )


@cache
def _staff(who: Clinician, practice: str) -> tuple[str, str, str, str]:
    """A professional as person, user, role and user in role."""
    me, role = guid(f"clinician/{who.code}"), guid(f"role/{who.role}")
    kind = {"G": "NAT", "C": "GP", "N": "UKCC"}.get(who.code[0], "REG")
    initials = f"{who.given[:1]}{who.family[:1]}"
    return (
        f'<person updateMode="add"><id>{me}</id><sex>U</sex><forenames>{who.given}</forenames>'
        f"<surname>{escape(who.family)}</surname>"
        f"<title>{who.title}</title></person>",
        f'<user updateMode="add"><id>{me}</id><userPerson>{me}</userPerson><mnemonic>{initials}</mnemonic>'
        f"<loginName>{initials}</loginName>"
        "<active>true</active></user>",
        f'<role updateMode="add"><id>{role}</id><name>{escape(who.role)}</name><userCategory codeSystem="{READ2}" '
        f'displayName={quoteattr(who.role)} code=""/><organisation>{practice}</organisation>'
        f"<confidentialityPolicy>{POLICY}</confidentialityPolicy></role>",
        f'<userInRole updateMode="add"><id>{me}</id><user>{me}</user><role>{role}</role>'
        "<contractualRelationship>E</contractualRelationship>"
        f"<contractStart>2015-04-01</contractStart><filingConfidentialityPolicy>{POLICY}</filingConfidentialityPolicy>"
        f'<userIdentifier updateMode="add"><identifierType>{kind}</identifierType><value>{who.code}</value></userIdentifier>'
        "</userInRole>",
    )


def _admin(record: Record, me: str) -> str:
    person, practice = record.person, _practice(record.person)
    staff = [_staff(who, practice) for who in record.authors()]
    roles = dict.fromkeys(member[2] for member in staff)
    return (
        f"<adminDomain>{_person(person, me)}{''.join(s[0] for s in staff)}{_patient(record, me)}"
        f"{_organisation(person.practice, 'General Practice')}{''.join(_organisation(o, 'Hospital') for o in record.others)}"
        f'<organisation updateMode="add"><id>{_NATIONAL}</id><name>National</name></organisation>'
        f"{_location(person.practice, 'Main Surgery')}{''.join(s[1] for s in staff)}{''.join(roles)}{''.join(s[3] for s in staff)}"
        f'<confidentialityPolicy updateMode="add"><id>{POLICY}</id><name>Unrestricted</name><notificationType>NO</notificationType>'
        f"<showHiddenRecordIndicator>false</showHiddenRecordIndicator><organisation>{_NATIONAL}</organisation>"
        "<restrictToOrganisation>false</restrictToOrganisation></confidentialityPolicy></adminDomain>"
    )


def _event(me: str, practice: str, entry: Entry, detail: str, effective: date, recorded: date) -> str:
    by = _known(f"clinician/{entry.by.code}")
    text = "".join(
        f'<associatedText associatedTextType="POST"><value>{escape(line)}</value></associatedText>'
        for line in entry.text.splitlines()
    )
    return (
        f'<event updateMode="add"><id>{guid(f"{me}/{entry.key}")}</id><patient>{me}</patient><eventType>{entry.kind}</eventType>'
        f"{_part('effectiveTime', effective)}<availabilityTimeStamp>{_stamp(recorded)}</availabilityTimeStamp>"
        f"<authorisingUserInRole>{by}</authorisingUserInRole><enteredByUserInRole>{by}</enteredByUserInRole>"
        f"{_drug(entry) if entry.medicine else _code('code', entry.term)}<displayTerm>{escape(_term(entry))}</displayTerm>{text}"
        f"<organisation>{practice}</organisation><confidentialityPolicy>{POLICY}</confidentialityPolicy>{detail}</event>"
    )


def _term(entry: Entry) -> str:
    return entry.medicine.name if entry.medicine else entry.shown or entry.term.display


def _drug(entry: Entry) -> str:
    assert entry.medicine is not None
    return f'<code codeSystem="EMISPREPARATION" displayName={quoteattr(entry.medicine.name)} code="{entry.medicine.code}"/>'


def _detail(me: str, entry: Entry) -> str:
    """The part of an event that its type has: voc.EventType and the choice in OpenHR001.Event."""
    by = _known(f"clinician/{entry.by.code}")
    if entry.kind == "VAL":
        return (
            f"<observation><value><numeric><value>{entry.value}</value><units>{escape(entry.unit)}</units></numeric>"
            "</value></observation>"
        )
    if entry.kind == "DRY":
        place = f'<locationType codeSystem="{READ2}" displayName={quoteattr(entry.place)} code=""/>' if entry.place else ""
        reminder = ""
        if entry.reminded:
            reminder = (
                f'<reminder updateMode="add"><reminderType>L</reminderType><reminderTime>{_stamp(entry.reminded)}</reminderTime>'
                f"<userInRole>{by}</userInRole></reminder>"
            )
        return f"<diary>{place}{reminder}</diary>"
    if entry.kind == "ALL":
        return "<allergy/>"
    if entry.kind == "REF":
        return (
            f"<referral><targetOrganisation>{_known(f'organisation/{entry.target.ods}')}</targetOrganisation>"
            "<requestType>OUT</requestType>"
            f"<urgency>{entry.urgency}</urgency><NHS>true</NHS><direction>OUT</direction><referralMode>E</referralMode></referral>"
        )
    if entry.medicine is None:
        return "<observation/>"
    m = entry.medicine
    supply = (
        f"<dosage>{escape(m.dosage)}</dosage><quantity>{m.quantity}</quantity><quantityUnit>{m.unit}</quantityUnit>"
        f"<quantityRepresentation>{m.quantity} {m.unit}</quantityRepresentation><durationOfIssue>{m.days}</durationOfIssue>"
        "<prescriptionType>R</prescriptionType>"
    )
    if entry.kind == "ISS":
        course = guid(f"{me}/{entry.key.removesuffix('/issue')}")
        return (
            f"<medicationIssue><medication>{course}</medication>{supply}<estimatedNHSCost>1.85</estimatedNHSCost>"
            "<issueMethod>E</issueMethod>"
            "<private>false</private><cancelled>false</cancelled></medicationIssue>"
        )
    ended = f"<expiryDate>{entry.stopped:%Y-%m-%d}</expiryDate>" if entry.stopped else ""
    return (
        f"<medication>{ended}{supply}<drugStatus>{'C' if entry.stopped else 'A'}</drugStatus><private>false</private>"
        f"<firstIssueDate>{entry.on:%Y-%m-%d}</firstIssueDate>"
        "<numberOfIssues>6</numberOfIssues></medication>"
    )


def _problem_event(me: str, practice: str, problem: Problem) -> str:
    entry = Entry(problem.key, "OBS", problem.term, problem.since, problem.by, problem.text)
    return _event(me, practice, entry, "<observation><episodicity>FIRST</episodicity></observation>", problem.since, problem.since)


def _problem(me: str, problem: Problem) -> str:
    links = "".join(
        f'<eventLink updateMode="add"><id>{guid(f"{me}/{key}")}</id><eventLinkType>ASS</eventLinkType></eventLink>'
        for key in problem.about
    )
    return (
        f'<problem updateMode="add"><id>{guid(f"{me}/{problem.key}")}</id><status>{"I" if problem.until else "A"}</status>'
        f"<significance>{problem.significance}"
        f"</significance>{_part('endTime', problem.until) if problem.until else ''}{links}</problem>"
    )


def _encounter(me: str, practice: str, place: str, consultation: Consultation) -> str:
    by = _known(f"clinician/{consultation.by.code}")
    components = "".join(
        f'<component updateMode="add"><event>{guid(f"{me}/{entry.key}")}</event><problemPage>0</problemPage>'
        f'<heading codeSystem="{SNOMED}" displayName={quoteattr(entry.heading)} code=""/></component>'
        for entry in consultation.entries
    )
    return (
        f'<encounter updateMode="add"><id>{guid(f"{me}/{consultation.key}")}</id><patient>{me}</patient>'
        f"{_part('effectiveTime', consultation.at)}<availabilityTimeStamp>{_stamp(consultation.at)}</availabilityTimeStamp>"
        f"<authorisingUserInRole>{by}</authorisingUserInRole><enteredByUserInRole>{by}</enteredByUserInRole>"
        f"<organisation>{practice}</organisation><confidentialityPolicy>{POLICY}</confidentialityPolicy>"
        f"<consultationType>{consultation.kind}</consultationType><location>{place}</location>"
        f'<duration unit="N" value="{consultation.minutes}"/>{components}</encounter>'
    )


def document(record: Record, created: datetime) -> bytes:
    """The whole record as an OpenHR document made at ``created``."""
    person = record.person
    me, practice, place = guid(f"patient/{person.nhs_number}"), _practice(person), _known(f"location/{person.practice.ods}")
    encounters = "".join(_encounter(me, practice, place, c) for c in record.consultations)
    events = [_problem_event(me, practice, problem) for problem in record.problems]
    for consultation in record.consultations:
        events += [_event(me, practice, e, _detail(me, e), e.on, consultation.at) for e in consultation.entries]
    # A diary entry is effective when it falls due and was recorded when the extract was made; others when they happened.
    events += [_event(me, practice, e, _detail(me, e), e.on, created if e.kind == "DRY" else e.on) for e in record.loose]
    problems = "".join(_problem(me, problem) for problem in record.problems)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<openHealthRecord xmlns="http://www.e-mis.com/emisopen">'
        f"<id>{guid(f'{me}/{created.isoformat()}')}</id><creationTime>{_stamp(created)}</creationTime>"
        f"<author><system><systemType>EMISWEB</systemType></system><organisation>{practice}</organisation></author>"
        "<contentSpecification><specification>37241000000102</specification></contentSpecification>"
        f"{_admin(record, me)}<healthDomain>{encounters}{''.join(events)}{problems}</healthDomain></openHealthRecord>"
    ).encode()
