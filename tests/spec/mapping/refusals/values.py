"""What is refused of how a value is made."""

from __future__ import annotations

from tests.spec.mapping.refusals.case import Case, element

VALUES = [
    element("A transform is known.", "X01,pat,,PID-7,,birthDate,roman,,", "roman gives nothing known, birthDate is a date"),
    element(
        "A transform gives the type of its target.",
        "X01,pat,,PID-7,,birthDate,boolean,,",
        "boolean gives boolean, birthDate is a date",
    ),
    element(
        "Text as it stands is no date.",
        "X01,pat,,PID-7,,birthDate,,,",
        "text gives canonical, code, id, markdown, oid, string, uri, url, uuid, birthDate is a date",
    ),
    element(
        "A structured element is filled by parts, codes or a sub-table.",
        "X01,pat,,PID-16,,maritalStatus,,,",
        "maritalStatus is a CodeableConcept: it needs codes, a sub-table or a part of it",
    ),
    element("A code table is there.", "X01,pat,,PID-16,,maritalStatus,,marital,", "there is no code table marital"),
    element(
        "A code table gives what has a code.",
        "X01,pat,,PID-7,,birthDate,,shade,",
        "birthDate is a date: a code table gives code, Coding or CodeableConcept",
    ),
    Case(
        "Codes are within a required value set.",
        "elements.csv",
        "A01",
        "code table sex, M: man is not within http://hl7.org/fhir/ValueSet/administrative-gender",
        instead={"codes": {"sex": "M,,man,,\n"}},
    ),
    Case(
        "The source's own code is none of a required value set.",
        "elements.csv",
        "A01",
        "code table sex, *: the source's own code is not within http://hl7.org/fhir/ValueSet/administrative-gender",
        instead={"codes": {"sex": "*,,=,,\n"}},
    ),
    element(
        "What takes only certain codes has a code table.",
        "X01,visit,,PV1-2,,status,,,",
        "status takes only codes of http://hl7.org/fhir/ValueSet/encounter-status: it needs a code table",
    ),
    element(
        "A constant is of that value set too.",
        "X01,visit,,'ongoing',,status,,,why",
        "ongoing is not within http://hl7.org/fhir/ValueSet/encounter-status",
    ),
    element("A constant is of its type.", "X01,pat,,'yes indeed',,active,boolean,,", "'yes indeed' is no boolean"),
    element("A constant stands in its code table.", "X01,visit,,'X',,status,,status,why", "code table status has no X"),
    element(
        "A constant status says why.",
        "X01,visit,,'finished',,status,,,",
        "a constant status asserts what the source may not have said: it needs a why",
    ),
    element(
        "So does one through a code table.",
        "X01,visit,,'D',,status,,status,",
        "a constant status asserts what the source may not have said: it needs a why",
    ),
    element(
        "And one that stands in for an absent value.",
        "X01,visit,,PV1-2|'D',,status,,status,",
        "a constant status asserts what the source may not have said: it needs a why",
    ),
    element(
        "And any part of a clinical or verification status.",
        "X01,dx,,'active',,clinicalStatus.coding[+].code,,,",
        "a constant clinicalStatus.coding[+].code asserts what the source may not have said: it needs a why",
    ),
    element(
        "What is gone says why.", "X01,pat,,PID-4,,gender,gone,,", "what is gone is a whole element of a resource, and needs a why"
    ),
    element("What is left out says why.", "X01,pat,,PID-4,,-,,,", "what is deliberately not carried needs a why"),
    element("What is clinical is not left out.", "X01,dx,,DG1-3,,-,,,why", "DG1-3 is clinical and cannot be left out"),
    element("Nor with its segment.", "X01,dx,,DG1,,-,,,why", "DG1 has clinical fields and cannot be left out whole"),
    element("A segment is left out with a why.", "X01,pat,,MRG,,-,,,", "what is deliberately not carried needs a why"),
    element(
        "A segment is left out always.",
        "X01,pat,,MRG,MRG-1 present,-,,,why",
        "a whole segment is left out by a resource, by itself and always",
    ),
    Case(
        "A segment is left out once.",
        "elements.csv",
        "X02",
        "X01 leaves out MRG too",
        {"elements": "X01,pat,,MRG,,-,,,why\nX02,pat,,MRG,,-,,,why"},
    ),
    element("Nor by way of a loop.", "X01,pat,PID-3~,.,,-,,,why", "PID-3 is clinical and cannot be left out"),
    Case(
        "Nor by way of a context.",
        "elements.csv",
        "X01",
        "PID-5 is clinical and cannot be left out",
        {"resources": "names,pat,PID-5~,,,,,", "elements": "X01,names,,.,,-,,,why"},
    ),
    element(
        "Nor a clinical name of a tree.",
        "X01,entry,,diagnosis/text,,-,,,why",
        "diagnosis/text is clinical and cannot be left out",
        "xml",
    ),
    element("Nor a whole clinical node.", "X01,entry,diagnosis,.,,-,,,why", "diagnosis is clinical and cannot be left out", "xml"),
    element(
        "A pair of values is joined by +.",
        "X01,pat,,PID-7,,meta.lastUpdated,plusduration,,",
        "plusduration takes two paths joined by +",
    ),
    element(
        "A transform of several values takes paths.", "X01,pat,,'a'|'b',,name[x].text,join,,", "join takes paths, not constants"
    ),
    element("A sub-table takes a path.", "X01,pat,,'x',,name[+],table:XPN,,", "table:XPN takes paths, not constants", also=True),
    element("What is left out is a path.", "X01,pat,,'x',,-,,,why", "- takes paths, not constants"),
    element("A node transform needs a tree.", "X01,pat,,PID-7,,birthDate,parttime,,", "parttime reads a node of a tree"),
]
