"""The operations by which teams see who waits and what was in time, as they are routed and told in the CapabilityStatement."""

from __future__ import annotations

from typing import Final

from interop.api.operations.operation import SYSTEM, Input, Operation

OVERSEEING: Final = (
    Operation(
        "clock-measures",
        "OperationDefinition/clock-measures",
        "clock_measures.clock_measures",
        (SYSTEM,),
        (),
        "How often what clocks count was in time over a period of days, of those whom the asker may see: met, early, breached, "
        "running, not needed, cancelled, the share that was met, the median of the minutes taken.",
        (
            Input("start", "date", "The first day on which what is counted began.", required=True),
            Input("end", "date", "The last such day.", required=True),
            Input("clock", "code", "Only this clock."),
        ),
        returns="Parameters",
    ),
    Operation(
        "worklist",
        "OperationDefinition/worklist",
        "worklists.worklist",
        (SYSTEM,),
        (),
        "Who is on a worklist, ranked as things stand now, and why: a List that tells for each person the reasons in words, with "
        "date, source and the resource that bears each out, and the Patients in its order. Of those whom the asker may see.",
        (
            Input("name", "code", "The list; where there is none of that name the answer names those that there are."),
            Input("organization", "string", "Only the people of this organisation: its ODS code or the id of an Organization."),
            Input("_count", "positiveInt", "People of a page; without it 50."),
        ),
        paged=True,
    ),
)
