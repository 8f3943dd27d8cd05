"""The operations by which those who care for a person read the record as a whole and add to its plan, as they are routed
and told in the CapabilityStatement."""

from __future__ import annotations

from typing import Final

from interop.api.operations.operation import FHIR, INSTANCE, TYPE, Input, Operation

PAGED: Final = (
    Input("_since", "instant", "Only what was updated since."),
    Input("_type", "code", "Only resources of these types, commas between.", many=True),
    Input("_count", "positiveInt", "Resources of a page; without it 1,000."),
)
CARE: Final = (
    Input("start", "date", "Only care that had not ended before."),
    Input("end", "date", "Only care that had begun by then."),
)
FOR_WHOM: Final = Input("for", "code", "patient: everyday words alone, without short forms of clinicians.")

CARING: Final = (
    Operation(
        "everything",
        FHIR + "Patient-everything",
        "everything.everything",
        (TYPE, INSTANCE),
        ("Patient",),
        "All that is about the person, linked Patients included, and what it refers to; without an id, about anyone.",
        (*CARE, *PAGED),
        paged=True,
    ),
    Operation(
        "everything",
        FHIR + "Encounter-everything",
        "encounter.everything",
        (INSTANCE,),
        ("Encounter",),
        "The encounter, all that is part of it, its patient, and what these refer to.",
        PAGED,
        paged=True,
    ),
    Operation(
        "whole-record",
        "OperationDefinition/Patient-whole-record",
        "whole_record.whole_record",
        (INSTANCE,),
        ("Patient",),
        "The whole shared record of the person in one Bundle: what $everything holds, where each part comes from, and for "
        "every part of a record whether there is any.",
        PAGED,
        paged=True,
    ),
    Operation(
        "crew-card",
        "OperationDefinition/Patient-crew-card",
        "crew_card.crew_card",
        (INSTANCE,),
        ("Patient",),
        "What an ambulance crew needs of the person, as one JSON of less than 10 kB by a schema of its own "
        "(/crew-card.schema.json): who, alerts, CPR, allergies, what matters, steps, medicines, people, and what is absent. Who "
        "asks for a form of FHIR by name gets it as a Binary.",
        returns="Binary",
        schema="/crew-card.schema.json",
    ),
    Operation(
        "opened-offline",
        "OperationDefinition/Patient-opened-offline",
        "opened_offline.opened_offline",
        (INSTANCE,),
        ("Patient",),
        "Say when a copy of what was given of the person was opened without a network: the audit has it as a read by the user. "
        "Nothing is given. Who says it again, having had no answer, has said it once.",
        (Input("when", "instant", "When it was opened: within the last seven days.", required=True),),
        changes=True,
        returns="Parameters",
    ),
    Operation(
        "care-plan",
        "OperationDefinition/Patient-care-plan",
        "care_plan.care_plan",
        (INSTANCE,),
        ("Patient",),
        "The plan of the person, folded from what all its authors have written: under each heading what is said, by whom, when and "
        "how fresh it is; where authors do not agree, all that they say. Its ETag stands for the state of the plan.",
        (Input("history", "boolean", "Whether what no longer holds is given too."),),
    ),
    Operation(
        "medication-changes",
        "OperationDefinition/Encounter-medication-changes",
        "medication_changes.of_encounter",
        (INSTANCE,),
        ("Encounter",),
        "What the stay in hospital did to the medicines of the person: started, stopped, changed, unchanged, not known; of each "
        "what was said before and after side by side, by whom and when. Nothing is called stopped because a list does not have "
        "it, unless that list says that it is whole.",
        (FOR_WHOM,),
    ),
    Operation(
        "medication-changes",
        "OperationDefinition/Patient-medication-changes",
        "medication_changes.of_patient",
        (INSTANCE,),
        ("Patient",),
        "The same of the latest stay of the person.",
        (FOR_WHOM,),
    ),
    Operation(
        "care-plan-contribute",
        "OperationDefinition/Patient-care-plan-contribute",
        "contributing.contribute",
        (INSTANCE,),
        ("Patient",),
        "Add to the plan of the person, or change what one has added: a CarePlan of its author's own. With If-Match, the ETag of "
        "$care-plan, only while the plan is as it was read.",
        (Input("contribution", "CarePlan", "The contribution; with an id the one that is changed.", required=True),),
        changes=True,
        returns="CarePlan",
    ),
)
