"""What is refused of paths into the source and into the resource."""

from __future__ import annotations

from tests.spec.mapping.refusals.case import Case, element

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
