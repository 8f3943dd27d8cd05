"""The operations on codes and value sets (FHIR R4 terminology-service.html), as they are routed and told in the
CapabilityStatement."""

from __future__ import annotations

from typing import Final

from interop.api.operations.operation import FHIR, INSTANCE, TYPE, Input, Operation

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

CODING: Final = (
    Operation(
        "expand",
        FHIR + "ValueSet-expand",
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
        FHIR + "ValueSet-validate-code",
        "validate_code.in_value_set",
        (TYPE, INSTANCE),
        ("ValueSet",),
        "Whether a code is in a value set.",
        (*SET, *CODED, CONCEPT, Input("systemVersion", "string", "The version of the code system."), *CHECKED),
    ),
    Operation(
        "validate-code",
        FHIR + "CodeSystem-validate-code",
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
        FHIR + "CodeSystem-lookup",
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
        FHIR + "CodeSystem-subsumes",
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
        FHIR + "ConceptMap-translate",
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
)
