"""The operations of the population loop, as they are routed and told in the CapabilityStatement."""

from __future__ import annotations

from typing import Final

from interop.api.operations.operation import SYSTEM, Input, Operation

_MEASURE: Final = Input("measure", "code", "By what the list is ranked: risk; without it risk.")

POPULATING: Final = (
    Operation(
        "population",
        "OperationDefinition/population",
        "population.population",
        (SYSTEM,),
        (),
        "The people of a practice who rank highest, for analysts: pseudonyms with coarse facts, of those whose consent and whose "
        "organisations' agreements allow it. No name, number, place, day, text, id or reference. All that a row tells is told of "
        "five rows at least: what fewer share is told more coarsely or withheld, and named so. Risk is the least of those who are "
        "together, in no order; age and attendances are those of the first of the month.",
        (
            Input("organisation", "string", "The practice: an ODS code.", required=True),
            _MEASURE,
            Input("_count", "positiveInt", "Rows; without it 100, from 5 to 500."),
        ),
        returns="Parameters",
    ),
    Operation(
        "relink",
        "OperationDefinition/relink",
        "relinking.relink",
        (SYSTEM,),
        (),
        "Whose the pseudonyms of a list are, for those who care for the person: of those with whom the user has to do and who have "
        "not opted out since. Of others nothing is said, not even whether there are any. It is recorded with the reason.",
        (
            Input("pseudonym", "string", "A pseudonym of this month or the one before; at most 500.", many=True, required=True),
            Input("reason", "code", "integrated-review, care-planning, medicines-review or safety.", required=True),
            Input("organisation", "string", "The practice of the list: an ODS code; without it the user's own organisation."),
            _MEASURE,
        ),
        changes=True,
        returns="Parameters",
    ),
)
