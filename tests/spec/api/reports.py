"""Reports about nobody, in SOAP, for the tests of ``/itk``."""

from __future__ import annotations

import base64
import gzip

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
SERVICE = "urn:nhs-itk:services:201005:SendNHS111Report-v2-0"


def report(nth: int = 1, kind: str = "POCD_MT200001GB02", complaint: str = "Sore throat") -> str:
    """A clinical document; the third is about another person than the second."""
    return f"""<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:n="NPFIT:HL7:Localisation" classCode="DOCCLIN" moodCode="EVN">
      <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
      <n:messageType root="2.16.840.1.113883.2.1.3.2.4.18.17" extension="{kind}"/>
      <id root="D0C00000-0000-4000-8000-00000000000{nth}"/>
      <code code="819551000000100" codeSystem="2.16.840.1.113883.2.1.3.2.4.15"/>
      <effectiveTime value="20260105093000+0000"/>
      <setId root="5E700000-0000-4000-8000-00000000000{nth}"/>
      <versionNumber value="1"/>
      <recordTarget><patientRole><id root="2.16.840.1.113883.2.1.3.2.4.18.24" extension="CASE{nth}"/>
        <patient><name><given>Nora</given><family>Nobody{nth}</family></name></patient></patientRole></recordTarget>
      <custodian><assignedCustodian><representedCustodianOrganization>
        <id root="2.16.840.1.113883.2.1.3.2.4.19.1" extension="NX111"/><name>North 111</name>
      </representedCustodianOrganization></assignedCustodian></custodian>
      <component><structuredBody><component><section><component><section>
        <title>Patient's Reported Condition</title><text>{complaint}</text>
      </section></component></section></component></structuredBody></component>
    </ClinicalDocument>"""


def packed(text: str, compress: bool = False) -> str:
    """A payload in base64, gzip before where asked."""
    content = text.encode()
    return base64.b64encode(gzip.compress(content, mtime=0) if compress else content).decode()


def posted(
    *payloads: str,
    soap: str = SOAP11,
    action: str = SERVICE,
    service: str = SERVICE,
    tracking: str = "TRACK-1",
    message_id: str = "SENT-1",
    items: str = "",
    headers: str = "",
    count: int | None = None,
    specs: str = "",
    reply_to: str = "http://www.w3.org/2005/08/addressing/anonymous",
) -> bytes:
    """A request with these payloads; ``items`` are further attributes of each manifest item, ``headers`` further SOAP headers."""
    bodies = payloads or (report(),)
    manifest = "".join(f'<itk:manifestitem id="p{nth}" mimetype="text/xml" {items}/>' for nth in range(len(bodies)))
    inside = "".join(f'<itk:payload id="p{nth}">{text}</itk:payload>' for nth, text in enumerate(bodies))
    total = len(bodies) if count is None else count
    return f"""<s:Envelope xmlns:s="{soap}" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:itk="urn:nhs-itk:ns:201005">
      <s:Header>
        <a:Action s:mustUnderstand="1">{action}</a:Action><a:MessageID>{message_id}</a:MessageID>
        <a:ReplyTo><a:Address>{reply_to}</a:Address></a:ReplyTo>
        <a:To s:mustUnderstand="1">http://care.test/itk</a:To>{headers}
      </s:Header>
      <s:Body><itk:DistributionEnvelope>
        <itk:header service="{service}" trackingid="{tracking}">
          <itk:addresslist><itk:address uri="urn:nhs-uk:addressing:ods:NX999"/></itk:addresslist>
          <itk:manifest count="{total}">{manifest}</itk:manifest>
          <itk:senderAddress uri="urn:nhs-uk:addressing:ods:NX1"/>
          <itk:handlingSpecification>{specs}</itk:handlingSpecification>
        </itk:header>
        <itk:payloads count="{len(bodies)}">{inside}</itk:payloads>
      </itk:DistributionEnvelope></s:Body></s:Envelope>""".encode()
