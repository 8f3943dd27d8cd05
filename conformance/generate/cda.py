"""NHS 111 reports: SOAP, ITK DistributionEnvelope and CDA (POCD_MT200001GB02, service SendNHS111Report-v2-0)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from xml.sax.saxutils import escape, quoteattr

from conformance.generate.clinical import Call
from conformance.generate.emis import guid
from conformance.generate.people import Person
from conformance.generate.places import AMBULANCE, AMBULANCE_SITE, TRUST, Clinician, Organisation
from conformance.generate.uk import offset

SERVICE = "urn:nhs-itk:services:201005:SendNHS111Report-v2-0"
_TEMPLATE = "2.16.840.1.113883.2.1.3.2.4.18.2"
_CONTENT = "2.16.840.1.113883.2.1.3.2.4.18.16"
_SNOMED = "2.16.840.1.113883.2.1.3.2.4.15"
_LOCAL = "2.16.840.1.113883.2.1.3.2.4.18.24"
_ORGANISATION, _SITE = "2.16.840.1.113883.2.1.3.2.4.19.1", "2.16.840.1.113883.2.1.3.2.4.19.2"
_COMPLAINT = ("886891000000102", "Presenting complaints or issues")
_DISPOSITION = ("913341000000104", "Disposition details")
_SUMMARY = ("887181000000106", "Clinical summary")
_NOTE = ("38651000000103", "Other note")
_ADVICE = ("1052951000000105", "Information and advice given")
RECEIVERS = {
    "Dx": "primaryOutofHourRecipientNHS111CDADocument-v2-0",
    "ED": "primaryEmergencyDepartmentRecipientNHS111CDADocument-v2-0",
}


@dataclass(slots=True)
class Report:
    """A contact with 111 or the ambulance service.

    ``case`` is the sender's case reference; later versions of a report keep ``case`` and have a higher ``version``. ``crew`` holds
    what was found and done at the scene, where an ambulance went; ``informant`` who rang, if not the person.
    """

    case: str
    call: Call
    began: datetime
    ended: datetime
    advisor: Clinician
    receiver: Organisation
    version: int = 1
    crew: tuple[str, ...] = ()
    informant: tuple[str, str] | None = None  # relationship code and words of table ...16.45; the name is the next of kin's


def _when(at: datetime) -> str:
    return f"{at:%Y%m%d%H%M%S}{'+0100' if offset(at) else '+0000'}"


@cache
def _templates(extension: str, inner: str = "") -> str:
    return (
        f'<contentId xmlns="NPFIT:HL7:Localisation" root="{_CONTENT}" extension="{extension}"/>'
        if not inner
        else f'<templateId root="{_TEMPLATE}" extension="{extension}#{inner}"/>'
    )


def _organisation(
    element: str, template: str, inner: str, organisation: Organisation, root: str = _ORGANISATION, ods: str = ""
) -> str:
    return (
        f'<{element} classCode="ORG" determinerCode="INSTANCE">{_templates(template, inner)}'
        f'<id root="{root}" extension="{ods or organisation.ods}"/><name>{escape(organisation.name)}</name></{element}>'
    )


def _address(person: Person, use: str) -> str:
    a = person.address
    return (
        f'<addr use="{use}"><streetAddressLine>{escape(a.street)}</streetAddressLine>'
        f"<streetAddressLine>{a.town}</streetAddressLine>"
        f"<streetAddressLine>{a.county}</streetAddressLine><postalCode>{a.postcode}</postalCode></addr>"
    )


def _target(person: Person, case: str) -> str:
    t = "COCD_TP145201GB01"
    sex = ("1", "Male") if person.sex == "M" else ("2", "Female")
    mobile = f'<telecom value="tel:{person.mobile}" use="MC"/>' if person.mobile else ""
    p = person.practice
    return (
        f'<recordTarget typeCode="RCT" contextControlCode="OP">{_templates(f"{t}#PatientRole")}<patientRole classCode="PAT">'
        f'{_templates(t, "PatientRole")}<id root="2.16.840.1.113883.2.1.4.1" extension="{person.nhs_number}"/>'
        f'<id root="{_LOCAL}" extension="{case}-P" assigningAuthorityName="{AMBULANCE.ods}:{AMBULANCE.name}"/>'
        f'{_address(person, "H")}{_address(person, "PHYS")}<telecom value="tel:{person.phone}" use="H"/>{mobile}'
        f'<patient classCode="PSN" determinerCode="INSTANCE">{_templates(t, "patientPatient")}'
        f"<name><prefix>{person.title.capitalize()}</prefix><given>{person.given}</given>"
        f"<family>{escape(person.family)}</family></name>"
        f'<administrativeGenderCode code="{sex[0]}" codeSystem="2.16.840.1.113883.2.1.3.2.4.16.25" displayName="{sex[1]}"/>'
        f'<birthTime value="{person.birth_date:%Y%m%d}"/><languageCommunication>{_templates(t, "languageCommunication")}'
        f'<languageCode code="{person.language}"/></languageCommunication></patient>'
        f'<providerOrganization classCode="ORG" determinerCode="INSTANCE">{_templates(t, "providerOrganization")}'
        f'<id root="{_ORGANISATION}" extension="{p.ods}"/><name>{escape(p.name)}</name><telecom value="tel:{p.phone}" use="WP"/>'
        f'<addr use="WP"><streetAddressLine>{escape(p.street)}</streetAddressLine><streetAddressLine>{p.town}</streetAddressLine>'
        f"<postalCode>{p.postcode}</postalCode></addr>"
        '<standardIndustryClassCode code="001" codeSystem="2.16.840.1.113883.2.1.3.2.4.17.289" displayName="GP Practice"/>'
        "</providerOrganization></patientRole></recordTarget>"
    )


def _participants(person: Person, report: Report) -> str:
    author, custodian, recipient = "COCD_TP145200GB01", "COCD_TP145018UK03", "COCD_TP145203GB03"
    who, kin, keeper = report.advisor, person.kin, "representedCustodianOrganization"
    relation, teller = ("21", "Self"), f"{person.given} {person.family}"
    phone = person.phone
    if report.informant:
        relation, teller, phone = report.informant, f"{kin.given} {kin.family}", kin.phone
    return (
        f'<author typeCode="AUT" contextControlCode="OP">{_templates(f"{author}#AssignedAuthor")}'
        '<functionCode code="OA" codeSystem="2.16.840.1.113883.2.1.3.2.4.17.178" displayName="Originating Author"/>'
        f'<time value="{_when(report.ended)}"/><assignedAuthor classCode="ASSIGNED">{_templates(author, "AssignedAuthor")}'
        f'<id root="{_LOCAL}" extension="{who.code}" assigningAuthorityName="{AMBULANCE.ods}:{AMBULANCE.name}"/>'
        f'<code code="NR1690" codeSystem="2.16.840.1.113883.2.1.3.2.4.17.196" displayName={quoteattr(who.role)}/>'
        f'<assignedPerson classCode="PSN" determinerCode="INSTANCE">{_templates(author, "assignedPerson")}'
        f"<name><given>{who.given}</given><family>{who.family}</family></name></assignedPerson>"
        f"{_organisation('representedOrganization', author, 'representedOrganization', AMBULANCE, _SITE, AMBULANCE_SITE)}"
        "</assignedAuthor></author>"
        f'<informant typeCode="INF" contextControlCode="OP">{_templates("COCD_TP145007UK03#RelatedEntity")}'
        '<relatedEntity classCode="PRS">'
        f"{_templates('COCD_TP145007UK03', 'RelatedEntity')}"
        f'<code code="{relation[0]}" codeSystem="2.16.840.1.113883.2.1.3.2.4.16.45" displayName="{relation[1]}"/>'
        f'<telecom value="tel:{phone}" use="EC"/><relatedPerson classCode="PSN" determinerCode="INSTANCE">'
        f"{_templates('COCD_TP145007UK03', 'relationshipHolder')}<name>{escape(teller)}</name></relatedPerson>"
        "</relatedEntity></informant>"
        f'<custodian typeCode="CST">{_templates(f"{custodian}#AssignedCustodian")}<assignedCustodian classCode="ASSIGNED">'
        f"{_templates(custodian, 'AssignedCustodian')}"
        f"{_organisation(keeper, custodian, keeper, AMBULANCE, _SITE, AMBULANCE_SITE)}"
        f'</assignedCustodian></custodian><informationRecipient typeCode="PRCP">{_templates(f"{recipient}#IntendedRecipient")}'
        f'<intendedRecipient classCode="ASSIGNED">{_templates(recipient, "IntendedRecipient")}'
        f"{_organisation('receivedOrganization', recipient, 'representedOrganization', report.receiver)}"
        "</intendedRecipient></informationRecipient>"
    )


def _encounter(person: Person, report: Report) -> str:
    t, facility = "COCD_TP146232GB01", "COCD_TP145222GB02"
    call = report.call
    return (
        f'<authorization typeCode="AUTH">{_templates("COCD_TP146226GB02#Consent")}<consent classCode="CONS" moodCode="EVN">'
        f'{_templates("COCD_TP146226GB02", "Consent")}<id root="{guid(f"consent/{report.case}").upper()}"/>'
        f'<code code="425691002" codeSystem="{_SNOMED}" displayName="Consent given for electronic record sharing"/>'
        '<statusCode code="completed"/></consent></authorization>'
        f'<componentOf typeCode="COMP">{_templates(f"{t}#EncompassingEncounter")}'
        f'<encompassingEncounter classCode="ENC" moodCode="EVN">{_templates(t, "EncompassingEncounter")}'
        f'<id root="2.16.840.1.113883.2.1.3.2.4.18.34" extension="{report.case}"/>'
        f'<id root="2.16.840.1.113883.2.1.3.2.4.18.35" extension="{report.case}-1"/>'
        '<code code="NHS111Encounter" codeSystem="2.16.840.1.113883.2.1.3.2.4.17.326" displayName="NHS111 Encounter"/>'
        f'<effectiveTime><low value="{_when(report.began)}"/><high value="{_when(report.ended)}"/></effectiveTime>'
        f'<dischargeDispositionCode code="{call.disposition}" codeSystem="2.16.840.1.113883.2.1.3.2.4.17.325" '
        f'displayName={quoteattr(call.outcome)}/><location typeCode="LOC">{_templates(t, "location")}'
        f"{_templates(f'{facility}#HealthCareFacility')}"
        f'<healthCareFacility classCode="ISDLOC">{_templates(facility, "HealthCareFacility")}'
        '<id nullFlavor="NA"/>'
        f'<location classCode="PLC" determinerCode="INSTANCE">{_templates(facility, "location")}<name nullFlavor="NI"/>'
        f"{_address(person, 'PHYS')}</location></healthCareFacility></location></encompassingEncounter></componentOf>"
    )


def _section(key: str, title: str, lines: tuple[str, ...], code: tuple[str, str] | None = None) -> str:
    coded = f'<code code="{code[0]}" codeSystem="{_SNOMED}" displayName={quoteattr(code[1])}/>' if code else ""
    return (
        f'<component typeCode="COMP" contextConductionInd="true">{_templates("COCD_TP146246GB01#Section1")}'
        f'<section classCode="DOCSECT" moodCode="EVN">{_templates("COCD_TP146246GB01", "Section1")}'
        f'<id root="{guid(key).upper()}"/>{coded}'
        f'<title>{escape(title)}</title><text mediaType="text/x-hl7-text+xml">'
        f"{''.join(f'<content>{escape(line)}</content><br/>' for line in lines)}</text></section></component>"
    )


def _body(report: Report) -> str:
    call, key = report.call, f"{report.case}/{report.version}"
    d = call.discriminator
    disposition = (f"{call.outcome} ({call.disposition})",)
    sections = [
        _section(f"{key}/reported", "Patient's Reported Condition", (call.condition,), _COMPLAINT),
        _section(f"{key}/disposition", "Pathways Disposition", disposition, _DISPOSITION),
        _section(f"{key}/summary", "Consultation Summary", call.findings, _SUMMARY),
    ]
    if report.crew:
        sections.append(_section(f"{key}/crew", "Crew Findings", report.crew, _NOTE))
    sections.append(_section(f"{key}/advice", "Advice Given", call.advice, _ADVICE))
    discriminator = (
        f'<entry typeCode="COMP" contextConductionInd="true">{_templates("COCD_TP146092GB01#ClinicalDiscriminator")}'
        f'<observation classCode="OBS" moodCode="EVN">{_templates("COCD_TP146092GB01", "ClinicalDiscriminator")}'
        '<code code="CD" codeSystem="2.16.840.1.113883.2.1.3.2.4.17.540"/>'
        '<value xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:type="CV" code="{d.snomed}" codeSystem="{_SNOMED}" displayName={quoteattr(d.display)}/></observation></entry>'
    )
    return (
        '<component typeCode="COMP" contextConductionInd="true"><structuredBody classCode="DOCBODY" moodCode="EVN">'
        '<component typeCode="COMP" contextConductionInd="true"><section classCode="DOCSECT" moodCode="EVN">'
        f'<id root="{guid(f"{key}/body").upper()}"/>{discriminator}{"".join(sections)}</section></component>'
        "</structuredBody></component>"
    )


def message(person: Person, report: Report) -> bytes:
    """The SOAP message that carries one report, in UTF-8."""
    key = f"{report.case}/{report.version}"
    payload = f"uuid_{guid(f'{key}/payload').upper()}"
    kind = "ED" if report.receiver is TRUST else "Dx"
    sent = report.ended + timedelta(minutes=1)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header><a:Action s:mustUnderstand="1">{SERVICE}</a:Action>'
        f"<a:MessageID>{guid(f'{key}/message').upper()}</a:MessageID><a:ReplyTo>"
        "<a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>"
        '<a:To s:mustUnderstand="1">https://receiver.example/NHS111Report</a:To></s:Header><s:Body>'
        '<itk:DistributionEnvelope xmlns:itk="urn:nhs-itk:ns:201005">'
        f'<itk:header service="{SERVICE}" trackingid="{guid(f"{key}/track").upper()}">'
        f'<itk:addresslist><itk:address uri="urn:nhs-uk:addressing:ods:{report.receiver.ods}"/></itk:addresslist>'
        f'<itk:auditIdentity><itk:id uri="urn:nhs-uk:identity:ods:{AMBULANCE.ods}"/></itk:auditIdentity><itk:manifest count="1">'
        f'<itk:manifestitem id="{payload}" mimetype="text/xml" profileid="urn:nhs-en:profile:nhs111CDADocument-v2-0"/>'
        "</itk:manifest>"
        f'<itk:senderAddress uri="urn:nhs-uk:addressing:ods:{AMBULANCE.ods}"/><itk:handlingSpecification>'
        f'<itk:spec key="urn:nhs-itk:ns:201005:interaction" value="urn:nhs-itk:interaction:{RECEIVERS[kind]}"/>'
        "</itk:handlingSpecification>"
        f'</itk:header><itk:payloads count="1"><itk:payload id="{payload}">'
        '<ClinicalDocument xmlns="urn:hl7-org:v3" classCode="DOCCLIN" moodCode="EVN">'
        '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>'
        '<messageType xmlns="NPFIT:HL7:Localisation" root="2.16.840.1.113883.2.1.3.2.4.18.17" extension="POCD_MT200001GB02"/>'
        f'<id root="{guid(f"{key}/document").upper()}"/><code code="819551000000100" codeSystem="{_SNOMED}"/>'
        "<title>NHS 111 Report</title>"
        f'<effectiveTime value="{_when(sent)}"/>'
        '<confidentialityCode code="N" codeSystem="2.16.840.1.113883.1.11.16926" displayName="normal"/>'
        f'<setId root="{guid(f"set/{report.case}").upper()}"/><versionNumber value="{report.version}"/>'
        f"{_target(person, report.case)}{_participants(person, report)}{_encounter(person, report)}{_body(report)}"
        "</ClinicalDocument></itk:payload></itk:payloads></itk:DistributionEnvelope></s:Body></s:Envelope>"
    ).encode()
