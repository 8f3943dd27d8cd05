"""What is refused of resources, and of what rows name of each other: references, sub-tables."""

from __future__ import annotations

from tests.spec.mapping.refusals.case import Case, element, resource

RESOURCES = [
    resource("A resource has a name of its own.", "pat,,PID,Patient,PID-3,,upsert,", "there are two of that name"),
    resource("A type is of R4.", "ill,,DG1,Illness,DG1-3,,upsert,", "R4 has no resource type Illness"),
    resource("A context is a resource of the tables.", "bed,ward,PV1,Location,PV1-3,,upsert,", "it is in ward, which there is not"),
    resource(
        "An effect is one of those that there are.",
        "old,,PV1,Encounter,PV1-19,,replace,",
        "effect 'replace' is none of upsert, whole, delete, contained, join, cancel:EVENT, relink:PATH, link:PATH, unlink:PATH",
        also=True,
    ),
    resource(
        "A cancellation names the events it undoes.",
        "old,,PV1,Encounter,PV1-19,,cancel:,",
        "effect 'cancel:' is none of upsert, whole, delete, contained, join, cancel:EVENT, relink:PATH, link:PATH, unlink:PATH",
        also=True,
    ),
    resource("Whatever is not an upsert says why.", "old,,PV1,Encounter,PV1-19,,delete,", "effect delete needs a why"),
    resource("Only a Patient is merged.", "old,,PV1,Encounter,PV1-19,,relink:@pat,why", "only a Patient can be relinked"),
    resource(
        "A Patient is merged into one that stands above.",
        "old,,MRG,Patient,MRG-1,,relink:@survivor,why",
        "it is merged into survivor, which there is not above",
    ),
    resource(
        "The path of a merge is of the source.",
        "old,,MRG,Patient,MRG-1,,relink:PID-99,why",
        "unknown source path PID-99: PID has 30 fields",
    ),
    resource(
        "What is contained stands in another.",
        "bed,,PV1,Location,-,,contained,why",
        "a contained resource stands in another",
    ),
    resource("What is not contained has an id.", "bed,,PV1,Location,-,,upsert,", "only a contained resource can be without an id"),
    resource(
        "A key cannot hold itself.",
        "bed,,PV1,Location,bed+PV1-3,,upsert,",
        "the key of bed cannot hold itself",
    ),
    resource(
        "Occurrences are of the source.",
        "nok,,NK1,RelatedPerson,NK1-1,,upsert,",
        "unknown source path NK1: source.csv has no segment NK1",
        also=True,
    ),
    resource("A key is of the source.", "bed,,PV1,Location,PV1-99,,upsert,", "unknown source path PV1-99: PV1 has 52 fields"),
    resource(
        "A condition is of the source.",
        "bed,,PV1,Location,PV1-3,ZZ1-1 present,upsert,",
        "unknown source path ZZ1-1: source.csv has no segment ZZ1",
    ),
    resource("An occurrence is a path.", "bed,,'x',Location,PV1-3,,upsert,", "each is a path, not a constant"),
    resource(
        "An ER7 occurrence is a segment or a field.",
        "bed,,PV1-3.1,Location,PV1-3,,upsert,",
        "each stands on a segment or a field, such as PID-3~",
    ),
    resource(
        "What R4 requires has a row or a line in required.csv.",
        "ill,,DG1,Condition,DG1-3,,upsert,",
        "R4 requires Condition.subject: it needs a row or a line in required.csv",
    ),
    resource(
        "A choice that R4 requires has a row of one of its types.",
        "jab,,PV1,Immunization,PV1-19,,upsert,",
        "R4 requires Immunization.occurrence[x]: it needs a row or a line in required.csv",
        also=True,
    ),
]

NAMES = [
    element("A reference goes into a Reference.", "X01,visit,,,,status,@pat,,", "status is of type code, not Reference"),
    element("A reference is to a resource of the tables.", "X01,visit,,,,subject,@person,,", "there is no resource person"),
    element("A reference by id is of a tree.", "X01,visit,,PV1-19,,subject,@id:Patient,,", "@id takes a key of a tree"),
    element(
        "A reference by id is to a type that R4 allows.",
        "X01,entry,,id,,encounter,@id:Patient,,",
        "encounter does not refer to Patient",
        "xml",
    ),
    element("A reference is to a type that R4 allows.", "X01,visit,,,,subject,@dx,,", "subject does not refer to Condition"),
    element("A sub-table is there.", "X01,pat,PID-5~,.,,name[+],table:XPN,,", "there is no table XPN"),
    Case(
        "A sub-table is of one type.",
        "elements.csv",
        "X02",
        "table XPN makes a HumanName, not a Address",
        {"elements": "X01,pat,PID-5~,.,,name[+],table:XPN,,\nX02,pat,PID-11~,.,,address[+],table:XPN,,\nX03,XPN,,.1,,text,,,"},
    ),
    Case(
        "A sub-table does not use itself.",
        "elements.csv",
        "X02",
        "table P uses itself or is empty",
        {
            "elements": "X01,pat,PID-3~,.,,identifier[+],table:ID,,\n"
            "X02,P,,.1,,extension[birthPlace].valuePeriod,table:P,,\nX03,ID,,.7,,period,table:P,,"
        },
        also=True,
    ),
    Case(
        "A sub-table does not look upwards.",
        "elements.csv",
        "X02",
        "a sub-table cannot look upwards to PID-8",
        {"elements": "X01,pat,PID-5~,.,,name[+],table:XPN,,\nX02,XPN,,PID-8,,family,,,"},
        also=True,
    ),
    Case(
        "Nor in a tree.",
        "elements.csv",
        "X02",
        "a sub-table cannot look upwards to ^id",
        {"elements": "X01,pat,,patient,,name[x],table:N,,\nX02,N,,^id,,family,,,"},
        form="xml",
        also=True,
    ),
    Case(
        "A sub-table of ER7 does not refer to resources.",
        "elements.csv",
        "X02",
        "a sub-table refers to resources by @key alone, and only in a tree",
        {"elements": "X01,pat,PID-3~,.,,identifier[+],table:ID,,\nX02,ID,,,,assigner,@pat,,"},
        also=True,
    ),
    Case(
        "A sub-table of ER7 has no loops.",
        "elements.csv",
        "X02",
        "a sub-table of ER7 has no each: repetitions are of fields",
        {"elements": "X01,pat,PID-5~,.,,name[+],table:XPN,,\nX02,XPN,PID-5~,.,,given[+],,,"},
        also=True,
    ),
    element(
        "A copy is of a whole resource.",
        "X01,pat,,patient,,name[x],copy:same,,",
        "copy:NAME goes with * and * with copy:NAME",
        "json",
    ),
    element("Only a copy is of everything.", "X01,pat,,patient,,*,,,", "copy:NAME goes with * and * with copy:NAME", "json"),
    element("A copy is of a tree.", "X01,pat,,PID-3,,*,copy:same,,", "copy: takes a node of a tree into a resource"),
    element(
        "Only a tree's node deletes an element.",
        "X01,pat,,PID-7,,birthDate,delete,,",
        "delete takes a node of a tree, in a resource",
    ),
    element("A copy's names are in a code table.", "X01,pat,,patient,,*,copy:stu3,,", "there is no code table copy-stu3", "json"),
]
