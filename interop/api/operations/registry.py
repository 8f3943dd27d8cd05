"""The operations that are routed, in the order in which the CapabilityStatement tells them."""

from __future__ import annotations

from typing import Final

from interop.api.operations.exporting import EXPORTING
from interop.api.operations.governing import GOVERNING
from interop.api.operations.operation import INSTANCE, SYSTEM, TYPE, Input, Operation
from interop.api.operations.populating import POPULATING
from interop.api.operations.running import RUNNING
from interop.api.operations.subscribing import SUBSCRIBING

_FHIR: Final = "http://hl7.org/fhir/OperationDefinition/"

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
CARE_START: Final = Input("start", "date", "Only looks from then on.")
CARE_END: Final = Input("end", "date", "Only looks until then.")
LANGUAGE: Final = Input("displayLanguage", "code", "The language of the display, where the code system has it.")
CODED: Final = (
    Input("code", "code", "The code that is asked about."),
    Input("system", "uri", "The code system of the code."),
    Input("coding", "Coding", "A coding instead of code and system."),
)
CONCEPT: Final = Input("codeableConcept", "CodeableConcept", "A concept instead of a code: any of its codings counts.")
CHECKED: Final = (
    Input("display", "string", "A display that is to be one of the code's."),
    Input("abstract", "boolean", "Whether a code that only groups others will do."),
    LANGUAGE,
)
SET: Final = (
    Input("url", "uri", "The canonical URL of the value set, |version allowed."),
    Input("valueSet", "ValueSet", "The value set itself."),
    Input("valueSetVersion", "string", "The version of the value set."),
    Input("context", "uri", "A structure and a path in it ([URL]#[path]): the value set that is bound there."),
)

OTHER: Final = Input("other", "Reference", "The other Patient.", required=True)
WHY: Final = Input("reason", "string", "Why it is so: for whoever asks later.", required=True)

OPERATIONS: Final = (
    Operation(
        "validate",
        _FHIR + "Resource-validate",
        "validate.validate",
        (TYPE, INSTANCE),
        (),
        "Hold a resource to R4, its profiles, extensions, bindings and, with a mode, to what a write would say.",
        (
            Input("resource", "Resource", "The resource; at an instance without it, the stored one."),
            Input("mode", "code", "create, update, delete or profile."),
            Input("profile", "uri", "A profile that the resource is held to beside those that it claims."),
        ),
    ),
    Operation(
        "everything",
        _FHIR + "Patient-everything",
        "everything.everything",
        (TYPE, INSTANCE),
        ("Patient",),
        "All that is about the person, linked Patients included, and what it refers to; without an id, about anyone.",
        (*CARE, *PAGED),
        paged=True,
    ),
    Operation(
        "everything",
        _FHIR + "Encounter-everything",
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
        "Nothing is given.",
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
    Operation(
        "who-looked",
        "OperationDefinition/Patient-who-looked",
        "looking.who_looked",
        (INSTANCE,),
        ("Patient",),
        "Who looked at the record of the person: when, which organisation, in what role, for what, what of it; in a sentence each.",
        (
            CARE_START,
            CARE_END,
            Input("others", "boolean", "Without the looks of whoever asks."),
            Input("skip", "unsignedInt", "Looks to leave out at the beginning."),
            Input("_count", "positiveInt", "Looks at most, the latest; without it 200."),
        ),
    ),
    Operation(
        "privacy-queue",
        "OperationDefinition/privacy-queue",
        "audit.privacy_queue",
        (SYSTEM,),
        (),
        "What waits for the privacy officer: break-glass, self-claimed relationships, same family names, unusual volume.",
        (
            Input("rule", "code", "Only this rule."),
            Input("closed", "boolean", "What has an outcome instead."),
            Input("_count", "positiveInt", "Items at most; without it 100."),
        ),
    ),
    Operation(
        "audit-verify",
        "OperationDefinition/audit-verify",
        "verifying.audit_verify",
        (SYSTEM,),
        (),
        "Whether every entry of the audit is as it was written: by POST it is looked at, beside the work; what came of it, or how "
        "far it is, is the answer.",
        returns="Parameters",
    ),
    Operation(
        "privacy-outcome",
        "OperationDefinition/privacy-outcome",
        "audit.privacy_outcome",
        (SYSTEM,),
        (),
        "What the privacy officer found of an item of the queue.",
        (
            Input("item", "string", "The item.", required=True),
            Input("outcome", "code", "justified, not-justified or follow-up.", required=True),
        ),
        changes=True,
    ),
    Operation(
        "match",
        _FHIR + "Patient-match",
        "match.match",
        (TYPE,),
        ("Patient",),
        "Who this may be, most likely first, each with a score and a grade.",
        (
            Input("resource", "Patient", "What is known of the person.", required=True),
            Input("onlyCertainMatches", "boolean", "Only matches that are certain, and none where they are several persons."),
            Input("count", "integer", "At most so many; without it 50."),
        ),
    ),
    Operation(
        "link",
        "OperationDefinition/Patient-link",
        "identity.link",
        (INSTANCE,),
        ("Patient",),
        "This record and another one are of one person, as somebody has decided.",
        (OTHER, WHY),
        changes=True,
    ),
    Operation(
        "unlink",
        "OperationDefinition/Patient-unlink",
        "identity.unlink",
        (INSTANCE,),
        ("Patient",),
        "This record and another one are of different persons; nothing but a decision puts them together again.",
        (OTHER, WHY),
        changes=True,
    ),
    Operation(
        "split",
        "OperationDefinition/Patient-split",
        "identity.split",
        (INSTANCE,),
        ("Patient",),
        "This record is of none of those with whom it is one person.",
        (WHY,),
        changes=True,
    ),
    Operation(
        "identity-undo",
        "OperationDefinition/Patient-identity-undo",
        "identity.undo",
        (INSTANCE,),
        ("Patient",),
        "What was decided of this record and another one is taken back; rules and sources alone tell again.",
        (OTHER, WHY),
        changes=True,
    ),
    Operation(
        "identity-verify",
        "OperationDefinition/Patient-identity-verify",
        "national.verify",
        (INSTANCE,),
        ("Patient",),
        "Ask the Personal Demographics Service who has this record's NHS number, and take in what it says.",
        changes=True,
        returns="Parameters",
    ),
    Operation(
        "identity-trace",
        "OperationDefinition/Patient-identity-trace",
        "national.trace",
        (INSTANCE,),
        ("Patient",),
        "Ask the Personal Demographics Service who this is by name and birth date, and take in who it is if that is one person.",
        changes=True,
        returns="Parameters",
    ),
    Operation(
        "identity-queue",
        "OperationDefinition/Patient-identity-queue",
        "identity.queue",
        (TYPE,),
        ("Patient",),
        "Pairs of records that may be of one person and wait for a decision, the likeliest first.",
        (Input("count", "positiveInt", "Pairs of a page; without it 50."), Input("after", "string", "The next of a page.")),
    ),
    Operation(
        "identity-history",
        "OperationDefinition/Patient-identity-history",
        "identity.history",
        (INSTANCE,),
        ("Patient",),
        "With which records this one is one person, how that came about, who decided what and why.",
    ),
    Operation(
        "lastn",
        _FHIR + "Observation-lastn",
        "lastn.lastn",
        (TYPE,),
        ("Observation",),
        "The latest observations of each kind; the search parameters of Observation narrow them, one names the patient.",
        (Input("max", "positiveInt", "So many of each kind; without it one."),),
        searched=True,
    ),
    Operation(
        "document",
        _FHIR + "Composition-document",
        "document.document",
        (TYPE, INSTANCE),
        ("Composition",),
        "A document with the Composition and all that it refers to, directly or not.",
        (
            Input("id", "uri", "The Composition, where the address names none."),
            Input("persist", "boolean", "Whether the document is kept at /Bundle; by POST only."),
        ),
    ),
    Operation(
        "expand",
        _FHIR + "ValueSet-expand",
        "expand.expand",
        (TYPE, INSTANCE),
        ("ValueSet",),
        "The codes of a value set, by page and text.",
        (
            *SET,
            Input("filter", "string", "Words that are in the display or the code."),
            Input("offset", "integer", "Codes to leave out at the beginning."),
            Input("count", "integer", "Codes of a page; 0 for the total alone."),
            Input("includeDesignations", "boolean", "Whether the other texts of a code are given."),
            Input("designation", "string", "Only texts of this language or use.", many=True),
            Input("includeDefinition", "boolean", "Whether the definition is given too."),
            Input("activeOnly", "boolean", "Whether inactive codes are left out."),
            Input("excludeNested", "boolean", "The expansion is flat in any case."),
            Input("excludeNotForUI", "boolean", "The expansion is the same in any case."),
            LANGUAGE,
            Input("exclude-system", "canonical", "A code system whose codes are left out.", many=True),
        ),
    ),
    Operation(
        "validate-code",
        _FHIR + "ValueSet-validate-code",
        "validate_code.in_value_set",
        (TYPE, INSTANCE),
        ("ValueSet",),
        "Whether a code is in a value set.",
        (*SET, *CODED, CONCEPT, Input("systemVersion", "string", "The version of the code system."), *CHECKED),
    ),
    Operation(
        "validate-code",
        _FHIR + "CodeSystem-validate-code",
        "validate_code.in_code_system",
        (TYPE, INSTANCE),
        ("CodeSystem",),
        "Whether a code is one of a code system.",
        (
            Input("url", "uri", "The URL of the code system."),
            Input("codeSystem", "CodeSystem", "The code system itself."),
            *CODED,
            CONCEPT,
            Input("version", "string", "The version of the code system."),
            *CHECKED,
        ),
    ),
    Operation(
        "lookup",
        _FHIR + "CodeSystem-lookup",
        "lookup.lookup",
        (TYPE,),
        ("CodeSystem",),
        "What is known of a code.",
        (
            *CODED,
            Input("version", "string", "The version of the code system."),
            LANGUAGE,
            Input("property", "code", "Only these properties.", many=True),
        ),
    ),
    Operation(
        "subsumes",
        _FHIR + "CodeSystem-subsumes",
        "lookup.subsumes",
        (TYPE, INSTANCE),
        ("CodeSystem",),
        "Whether one code is above the other.",
        (
            Input("codeA", "code", "The one code."),
            Input("codeB", "code", "The other code."),
            Input("system", "uri", "The code system of both."),
            Input("version", "string", "Its version."),
            Input("codingA", "Coding", "A coding instead of codeA."),
            Input("codingB", "Coding", "A coding instead of codeB."),
        ),
    ),
    Operation(
        "translate",
        _FHIR + "ConceptMap-translate",
        "translate.translate",
        (TYPE, INSTANCE),
        ("ConceptMap",),
        "What a code is in another code system.",
        (
            Input("url", "uri", "The canonical URL of the map."),
            Input("conceptMap", "ConceptMap", "The map itself."),
            Input("conceptMapVersion", "string", "The version of the map."),
            *CODED,
            CONCEPT,
            Input("version", "string", "The version of the code system."),
            Input("source", "uri", "The value set from which the code was chosen."),
            Input("target", "uri", "The value set to translate to."),
            Input("targetsystem", "uri", "The code system to translate to."),
            Input("reverse", "boolean", "Whether the code is one of the target."),
        ),
    ),
    *EXPORTING,
    *GOVERNING,
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
    *POPULATING,
    *RUNNING,
    *SUBSCRIBING,
)


def operation(name: str, level: str, type: str) -> Operation | None:
    """The operation of that name at that level of the address, or None."""
    return next((each for each in OPERATIONS if each.name == name and each.takes(level, type)), None)
