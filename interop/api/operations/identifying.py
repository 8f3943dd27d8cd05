"""The operations on who is who, as they are routed and told in the CapabilityStatement."""

from __future__ import annotations

from typing import Final

from interop.api.operations.operation import FHIR, INSTANCE, TYPE, Input, Operation

OTHER: Final = Input("other", "Reference", "The other Patient.", required=True)
WHY: Final = Input("reason", "string", "Why it is so: for whoever asks later.", required=True)

IDENTIFYING: Final = (
    Operation(
        "match",
        FHIR + "Patient-match",
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
)
