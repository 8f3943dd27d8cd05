"""What is refused of what one sender says otherwise."""

from __future__ import annotations

from tests.spec.mapping.refusals.case import Case

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
