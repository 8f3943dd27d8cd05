"""What is refused of the files of a family, before a row is read."""

from __future__ import annotations

from tests.spec.mapping.refusals.case import Case

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
