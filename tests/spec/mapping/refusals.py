"""What the compiler refuses: one case a refusal, with the smallest change to sound tables that brings it about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ER7: dict[str, Any] = {
    "source": "MSH,21,,\nPID,30,3 5,\nPV1,52,,\nDG1,26,3,\nMRG,7,,\n",
    "routes": "ADT^A01,pat visit dx,\n",
    "resources": "pat,,PID,Patient,PID-3,,upsert,\nvisit,,PV1,Encounter,PV1-19,,upsert,\n"
    "dx,visit,DG1,Condition,visit+DG1-3,,upsert,\n",
    "elements": "A01,pat,,PID-8,,gender,,sex,\nA02,dx,,,,subject,@pat,,\n",
    "codes": {"sex": "M,,male,,\nF,,female,,\n", "shade": "R,,red,,\n", "status": "D,,finished,,\n"},
}
TREE: dict[str, Any] = {
    "source": "\n".join(
        f"{name},,,"
        for name in ("patient", "id", "family", "given", "birth", "entry", "status", "text", "@code", "@datepart", "@value")
    )
    + "\ndiagnosis,,y,\n",
    "routes": "doc,pat entry,\n",
    "resources": "pat,,patient,Patient,id,,upsert,\nentry,,entry,Condition,id,,upsert,\n",
    "elements": "A01,pat,,family,,name[+].family,,,\nA02,entry,,,,subject,@pat,,\n",
    "codes": {"sex": "M,,male,,\n", "copy-old": "a,,b,,\n"},
}


@dataclass(frozen=True)
class Case:
    """A rule, the refusal that it brings, and the tables: ``more`` lines added to a file, ``instead`` of a whole one."""

    rule: str
    file: str
    row: str
    reason: str
    more: dict[str, str] = field(default_factory=dict)
    instead: dict[str, Any] = field(default_factory=dict)
    form: str = "er7"
    also: bool = False

    def tables(self) -> dict[str, Any]:
        """The tables of the case."""
        tables = dict(ER7 if self.form == "er7" else TREE)
        for name, lines in self.more.items():
            tables[name] = tables.get(name, "") + lines + "\n"
        return tables | self.instead


def element(rule: str, line: str, reason: str, form: str = "er7", **more: Any) -> Case:
    """A row of elements.csv that is refused."""
    return Case(rule, "elements.csv", line.partition(",")[0], reason, {"elements": line}, form=form, **more)


def resource(rule: str, line: str, reason: str, form: str = "er7", **more: Any) -> Case:
    """A row of resources.csv that is refused."""
    return Case(rule, "resources.csv", line.partition(",")[0], reason, {"resources": line}, form=form, **more)


FILES = [
    Case(
        "A folder that is included is there.",
        "include.csv",
        "nowhere",
        "there is no such folder",
        instead={"include": "nowhere,\n"},
    ),
    Case("A family has routes.", "routes.csv", "-", "the file is missing", instead={"routes": "-"}),
    Case("A family has resources.", "resources.csv", "-", "the file is missing", instead={"resources": "-"}),
    Case(
        "A family says what its messages may hold.",
        "source.csv",
        "-",
        "the file is missing: it lists the segments or names that these messages have",
        instead={"source": "-"},
        also=True,
    ),
    Case(
        "A table has its columns, in their order.",
        "elements.csv",
        "header",
        "the columns must be row,of,each,from,when,to,using,codes,why",
        instead={"elements": b"row,of,from,to\nA01,pat,PID-8,gender\n"},
    ),
    Case(
        "source.csv has its columns.",
        "source.csv",
        "header",
        "the columns must be name,fields,clinical,why",
        instead={"source": b"name\nPID\n"},
        also=True,
    ),
    Case(
        "A row has a cell for each column; its line is told, comments counted.",
        "elements.csv",
        "line 4",
        "there must be 9 cells",
        instead={
            "elements": b"# names\nrow,of,each,from,when,to,using,codes,why\n# more\nA01,pat,PID-8\nA02,dx,,,,subject,@pat,,\n"
        },
    ),
    Case(
        "A row of source.csv has its cells, and a segment a number of fields.",
        "source.csv",
        "PID",
        "there must be 4 cells, fields a number",
        instead={"source": "MSH,21,,\nPID,many,,\nPV1,52,,\nDG1,26,,\nMRG,7,,\n"},
        also=True,
    ),
    Case(
        "Tables are in UTF-8.",
        "elements.csv",
        "-",
        "the file is not in UTF-8",
        instead={"elements": "row,of,each,from,when,to,using,codes,why\nA01,pat,,PID-8,,gender,,,é\n".encode("latin-1")},
    ),
    Case(
        "A code table says once what a source value means.",
        "codes/sex.csv",
        "M",
        "this source value stands there twice",
        instead={"codes": {"sex": "M,,male,,\nM,,female,,\n"}},
    ),
    Case(
        "A rank of precedence is a number.",
        "precedence.csv",
        "Patient",
        "the rank 'first' is no number",
        instead={"precedence": "Patient,name,pas,first,\n"},
    ),
    Case(
        "A profile is of a resource type.",
        "profiles.csv",
        "Person7",
        "R4 has no such resource type",
        instead={"profiles": "Person7,https://example.org/P,,,,\n"},
    ),
    Case(
        "A type claims one profile.",
        "profiles.csv",
        "Patient",
        "this type stands there twice",
        instead={"profiles": "Patient,https://example.org/P,,,,\nPatient,https://example.org/P,,,,\n"},
    ),
    Case(
        "A profile is named by its canonical URL.",
        "profiles.csv",
        "Patient",
        "the profile must be a canonical URL",
        instead={"profiles": "Patient,P,,,,\n"},
    ),
    Case(
        "What a profile needs is an element of the type.",
        "profiles.csv",
        "Patient",
        "R4 has no element Patient.height",
        instead={"profiles": "Patient,https://example.org/P,name height,,,\n"},
    ),
    Case(
        "A system that a profile wants is that of a coded element within one that repeats.",
        "profiles.csv",
        "Patient",
        "coded must be ELEMENT.ELEMENT=SYSTEM",
        instead={"profiles": "Patient,https://example.org/P,,,language,\n"},
    ),
    Case(
        "A message has one route.",
        "routes.csv",
        "ADT^A01",
        "there are two routes for this message",
        {"routes": "ADT^A01,pat,"},
    ),
    Case(
        "A route makes resources that there are.",
        "routes.csv",
        "ADT^A08",
        "it makes plan, which resources.csv lacks",
        {"routes": "ADT^A08,pat plan,"},
    ),
]

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

PATHS = [
    element(
        "Of the transforms only lower goes before a code table.",
        "X01,pat,,PID-8,,maritalStatus,upper,shade,",
        "upper does not go with a code table: only lower does, of one value",
    ),
    element(
        "A segment is of the source.",
        "X01,pat,,ZZ1-1,,birthDate,hl7time,,",
        "unknown source path ZZ1-1: source.csv has no segment ZZ1",
    ),
    element(
        "A field is within its segment.", "X01,pat,,PID-31,,birthDate,hl7time,,", "unknown source path PID-31: PID has 30 fields"
    ),
    element(
        "A name of a tree is of the source.",
        "X01,pat,,surname,,name[x].text,,,",
        "unknown source path surname: source.csv has no surname",
        "xml",
    ),
    element(
        "So are the names between brackets.",
        "X01,pat,,entry[colour='red']/text,,name[x].text,,,",
        "unknown source path colour: source.csv has no colour",
        "xml",
    ),
    element(
        "And those after the dollar sign.",
        "X01,pat,,/entry[id=$colour]/text,,name[x].text,,,",
        "unknown source path colour: source.csv has no colour",
        "xml",
    ),
    element(
        "A path has the form of its reader.", "X01,pat,,pid.8,,birthDate,hl7time,,", "'pid.8' is not an ER7 path such as PID-5.1"
    ),
    element("A literal is closed.", "X01,pat,,'male,,name[x].text,,,", "'male is not a closed literal"),
    element("A tree path ends where it ends.", "X01,pat,,family!,,name[x].text,,,", "'family!' cannot be read from '!' on", "xml"),
    element("A step has a name.", "X01,pat,,entry//text,,name[x].text,,,", "'entry//text': a name is expected at '/text'", "xml"),
    element("A bracket is closed.", "X01,pat,,entry[id,,name[x].text,,,", "'entry[id': a bracket is not closed", "xml"),
    element(
        "A value between brackets is quoted or a path.",
        "X01,pat,,entry[id=3]/text,,name[x].text,,,",
        "'entry[id=3]/text': a value in brackets is quoted or a $path",
        "xml",
    ),
    element("A quote is closed.", "X01,pat,,entry[id='3],,name[x].text,,,", '"entry[id=\'3]": a quote is not closed', "xml"),
    element(
        "A condition is of the closed grammar.",
        "X01,pat,,PID-7,PID-8 like M,birthDate,hl7time,,",
        "'PID-8 like M' is not a condition: PATH present|absent|numeric, PATH = VALUE, PATH in|starts A,B, length PATH = N",
    ),
    element(
        "A condition reads what the source has.",
        "X01,pat,,PID-7,PID-77 present,birthDate,hl7time,,",
        "unknown source path PID-77: PID has 30 fields",
    ),
    element("A row has a source.", "X01,pat,,,,birthDate,hl7time,,", "from is empty"),
    element("A loop is over a path.", "X01,pat,'x',PID-7,,birthDate,hl7time,,", "each is a path, not a constant"),
    element(
        "An ER7 loop is over a segment or a field.",
        "X01,pat,PID-3.1,.,,name[+].family,,,",
        "each stands on a segment or a field, such as PID-3~",
    ),
]

TARGETS = [
    element("A target is of R4.", "X01,pat,,PID-7,,birthday,hl7time,,", "R4 has no Patient.birthday"),
    element("A target is a path of steps.", "X01,pat,,PID-7,,name(0).text,,,", "'name(0)' is not a step such as name[+]"),
    element("A choice says its type.", "X01,pat,,PID-30,,deceasedx,boolean,,", "R4 has no Patient.deceasedx"),
    element(
        "A choice is not [x].",
        "X01,pat,,PID-30,,deceased[x],boolean,,",
        "Patient.deceased: the type of a choice is part of the name",
    ),
    element(
        "Nor has it no type at all.",
        "X01,pat,,PID-30,,deceased,boolean,,",
        "Patient.deceased: the type of a choice is part of the name",
    ),
    element("What does not repeat has no brackets.", "X01,pat,,PID-7,,birthDate[+],hl7time,,", "Patient.birthDate does not repeat"),
    element("What repeats has brackets.", "X01,pat,,PID-5,,name.family,,,", "Patient.name repeats: say name[+] or name[label]"),
    element(
        "An extension has a name in extensions.csv.",
        "X01,pat,,PID-23,,extension[shoeSize].valueString,,,",
        "extension[shoeSize] is not in extensions.csv",
    ),
    Case(
        "Two rows do not set one target.",
        "elements.csv",
        "X02",
        "X01 sets birthDate too, and both conditions can hold",
        {"elements": "X01,pat,,PID-7,,birthDate,hl7time,,\nX02,pat,,PID-29,,birthDate,hl7time,,"},
    ),
    Case(
        "Not even where their conditions only differ.",
        "elements.csv",
        "X02",
        "X01 sets birthDate too, and both conditions can hold",
        {"elements": "X01,pat,,PID-7,PID-8 = M,birthDate,hl7time,,\nX02,pat,,PID-29,PID-7 absent,birthDate,hl7time,,"},
    ),
    Case(
        "Nor within a sub-table.",
        "elements.csv",
        "X03",
        "X02 sets family too, and both conditions can hold",
        {"elements": "X01,pat,PID-5~,.,,name[+],table:XPN,,\nX02,XPN,,.1,,family,,,\nX03,XPN,,.9,,family,,,"},
    ),
    Case(
        "A row has an id of its own.",
        "elements.csv",
        "A01",
        "there are two rows of that id",
        {"elements": "A01,pat,,PID-7,,birthDate,hl7time,,"},
    ),
    element(
        "A row is of a resource or of a sub-table that is used.",
        "X01,nobody,,PID-7,,birthDate,hl7time,,",
        "nobody is neither a resource nor a sub-table that a row uses",
    ),
    Case(
        "A context without a type has no elements.",
        "elements.csv",
        "X01",
        "room is only a context: its rows can but say -",
        {"resources": "room,,PV1,,,,,", "elements": "X01,room,,PV1-3,,name,,,"},
    ),
]

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

SITES = [
    Case("A site that is asked for is there.", "sites/RXX", "-", "there is no such folder", instead={"site": "-"}),
    Case(
        "A site has rows, codes and names.",
        "sites/RXX/routes.csv",
        "-",
        "a site has elements*.csv, codes, source.csv and examples",
        instead={"site": {"routes": "ADT^A02,pat,\n"}},
    ),
    Case(
        "A site says once what a row is.",
        "sites/RXX/elements.csv",
        "X01",
        "the site has two rows of that id",
        instead={"site": {"elements": "X01,pat,,PID-7,,birthDate,hl7time,,\n" * 2}},
    ),
    Case(
        "A site takes away what there is.",
        "sites/RXX/elements.csv",
        "X01",
        "it takes away a row that the family does not have",
        instead={"site": {"elements": "X01,-,,,,,,,gone\n"}},
    ),
    Case(
        "A row that takes the place of the family's has a why.",
        "sites/RXX/elements.csv",
        "A01",
        "what a site says otherwise needs a why",
        instead={"site": {"elements": "A01,pat,,PID-7,,birthDate,hl7time,,\n"}},
    ),
    Case(
        "A source value that is taken away is there.",
        "sites/RXX/codes/sex.csv",
        "X",
        "it takes away a source value that the family's table does not have",
        instead={"site": {"codes": {"sex": "X,-,,,gone\n"}}},
    ),
    Case(
        "A source value that means something else has a why.",
        "sites/RXX/codes/sex.csv",
        "M",
        "what a site says otherwise needs a why",
        instead={"site": {"codes": {"sex": "M,,other,,\n"}}},
    ),
    Case(
        "A site adds names of its own.",
        "sites/RXX/source.csv",
        "PID",
        "it is a name of the family: a site adds names of its own",
        instead={"site": {"source": "PID,40,,\n"}},
    ),
    Case(
        "A site's row is judged as any other.",
        "sites/RXX/elements.csv",
        "X01",
        "unknown source path ZDL-1: source.csv has no segment ZDL",
        instead={"site": {"elements": "X01,pat,,ZDL-1,,birthDate,hl7time,,\n"}},
    ),
    Case(
        "Beside the family's rows too.",
        "sites/RXX/elements.csv",
        "X01",
        "A01 sets gender too, and both conditions can hold",
        instead={"site": {"elements": "X01,pat,,PID-9,,gender,,sex,\n"}},
    ),
]

SCT = "http://snomed.info/sct"


def label(rule: str, row: str, reason: str, sets: str = "", rows: str = "") -> Case:
    """A row of mappings/labels that is refused."""
    file = "labels/own.csv" if rows else "labels/sets.csv"
    return Case(rule, file, row, reason, instead={"labels": {"sets": sets or "virus,R,HIV,why\n", "own": rows}})


LEVELS = "U, L, M, N, R, V, ETH, GDIS, GENDER, HIV, LIVARG, LOCIS, PDS, PHY, PRS, PSY, SDV, SEX, SPI, STD, VIO"
LABELS = [
    label("A set has a label of HL7.", "virus", f"the label is one of {LEVELS}", sets="virus,R,NOPE,why\n"),
    label("A set has a label.", "virus", f"the label is one of {LEVELS}", sets="virus,,,why\n"),
    label("A set says why it is sensitive.", "virus", "a set of sensitive codes needs a why", sets="virus,R,HIV,\n"),
    label("A set stands there once.", "virus", "this set stands there twice", sets="virus,R,,why\nvirus,V,,why\n"),
    label("A code is in a set.", f"{SCT}|86406008", "sets.csv has no set other", rows=f"other,{SCT},is,86406008,,\n"),
    label(
        "A code is matched in one of two ways.",
        "urn:x|43C",
        "match is 'is' a code or 'starts' with these characters",
        rows="virus,urn:x,below,43C,,\n",
    ),
    label(
        "The system of a code is that under which it is written.",
        "snomed|1",
        "the system is the URI under which codes are written (systems.csv)",
        rows="virus,snomed,is,1,,\n",
    ),
    *(
        label(
            rule,
            f"{SCT}|{code}",
            "a SNOMED CT code is the whole identifier of a concept, check digit included",
            rows=f"virus,{SCT},{match},{code},,\n",
        )
        for rule, match, code in (
            ("A SNOMED CT code has its check digit.", "is", "86406007"),
            ("The beginning of a SNOMED CT code says nothing.", "starts", "86406008"),
        )
    ),
]


def snapshot(rule: str, lines: str, reason: str) -> Case:
    """A row of snapshots.csv that is refused."""
    last = lines.rstrip("\n").rpartition("\n")[2]
    return Case(rule, "snapshots.csv", last.partition(",")[0], reason, instead={"snapshots": lines})


SNAPSHOTS = [
    snapshot("A scope is of resources.", "all,Patient,dx gone,feed,dx,why\n", "resources.csv has no gone"),
    snapshot("Message or feed says what is complete.", "all,Patient,dx,me,dx,why\n", "by is message or feed"),
    snapshot("A scope is of a patient or a visit.", "all,Practitioner,dx,feed,dx,why\n", "per is Patient or Encounter"),
    snapshot("A scope says what makes it complete.", "all,Patient,dx,feed,,why\n", "it needs what makes it complete, and a why"),
    snapshot("A scope says why.", "all,Patient,dx,feed,dx,\n", "it needs what makes it complete, and a why"),
    snapshot(
        "A resource is of one scope.",
        "all,Patient,dx,feed,dx,why\nmore,Encounter,dx,feed,dx,why\n",
        "dx belongs to two scopes",
    ),
    snapshot("No scope is called delta.", "delta,Patient,dx,feed,dx,why\n", "a scope has a name of its own"),
]

CASES = [*FILES, *LABELS, *SNAPSHOTS, *SITES, *RESOURCES, *PATHS, *TARGETS, *VALUES, *NAMES]
