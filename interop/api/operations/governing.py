"""The operations by which people govern who sees what, as they are routed and told in the CapabilityStatement."""

from __future__ import annotations

from typing import Final

from interop.api.operations.operation import INSTANCE, SYSTEM, Input, Operation

WHY: Final = Input("reason", "string", "Why: for the privacy officer and for the person.", required=True)

GOVERNING: Final = (
    Operation(
        "break-glass",
        "OperationDefinition/Patient-break-glass",
        "declaring.break_glass",
        (INSTANCE,),
        ("Patient",),
        "Declare a clinical emergency: consent and relationship are lifted for the user and this person until the grant ends. "
        "It is recorded and reported. No missing agreement is lifted, and nothing that law restricts.",
        (WHY, Input("minutes", "positiveInt", "How long; without it 240, at most 1,440.")),
        changes=True,
        returns="Consent",
    ),
    Operation(
        "claim-relationship",
        "OperationDefinition/Patient-claim-relationship",
        "declaring.claim_relationship",
        (INSTANCE,),
        ("Patient",),
        "Say that the user is involved in the care of this person, for as long as the period says. It is recorded and reviewed.",
        (WHY, Input("period", "Period", "From when until when; without it a week from now, at most 90 days.")),
        changes=True,
        returns="CareTeam",
    ),
    Operation(
        "record-consent",
        "OperationDefinition/Patient-record-consent",
        "consenting.record_consent",
        (INSTANCE,),
        ("Patient",),
        "Take down what the person has decided on sharing: on the whole record, on labels, or on who may act for the person.",
        (
            Input("decision", "code", "given, refused or withdrawn.", required=True),
            Input("label", "code", "It is about what bears this label (HIV, PSY ...) and not about the whole.", many=True),
            Input("proxy", "Reference", "It is about this RelatedPerson, or user, who may act for the person.", many=True),
            Input("until", "dateTime", "When it ends; without it for good."),
            Input("taken-by", "string", "Who took it, where that is not the user."),
        ),
        changes=True,
        returns="Consent",
    ),
    Operation(
        "contact-choices",
        "OperationDefinition/Patient-contact-choices",
        "contacting.contact_choices",
        (INSTANCE,),
        ("Patient",),
        "How the person wants to be told that there is news: by text message, by e-mail, by which first; when this is not done. To "
        "the person alone also which telephone and mailbox, their middle left out.",
        returns="Parameters",
    ),
    Operation(
        "record-contact-choices",
        "OperationDefinition/Patient-record-contact-choices",
        "contacting.record_contact_choices",
        (INSTANCE,),
        ("Patient",),
        "Take down how the person wants to be told that there is news. What is not named stays; no telephone or mailbox changes.",
        (
            Input("sms", "boolean", "Whether by text message."),
            Input("email", "boolean", "Whether by e-mail."),
            Input("first", "code", "sms or email, what is tried first; either for as the record says."),
        ),
        changes=True,
        returns="Parameters",
    ),
    Operation(
        "why",
        "OperationDefinition/Patient-why",
        "why.why",
        (INSTANCE,),
        ("Patient",),
        "Why the user may see what is recorded of this person, or what would change that.",
        (Input("type", "code", "The resource type that it is about; without it Observation."),),
        returns="Parameters",
    ),
    Operation(
        "takedown",
        "OperationDefinition/takedown",
        "takedown.takedown",
        (SYSTEM,),
        (),
        "Take back what came about the wrong person: what a message said, or a document. What was there before comes back, "
        "versions that held it are never given again, everyone who saw it is listed and in the outbox.",
        (
            Input("message", "positiveInt", "The number of a message in the journal."),
            Input("reference", "string", "Type/id of a resource that was written by the API, or that one message has made."),
            Input("reason", "string", "Why: for the privacy officer.", required=True),
            Input("dry-run", "boolean", "Whether only to tell what would go and how many people have seen it."),
        ),
        changes=True,
        returns="Parameters",
    ),
    Operation(
        "agreement",
        "OperationDefinition/agreement",
        "agreement.agreement",
        (SYSTEM,),
        (),
        "Begin, change or end an agreement by which what one organisation contributes may be used by another, or by all.",
        (
            Input(
                "source",
                "string",
                "Who contributes: an ODS code, or the name that the data come under.",
                required=True,
            ),
            Input("partner", "string", "The organisation that may use it; without it all who take part."),
            Input("purpose", "code", "For what; without it direct care.", many=True),
            Input("start", "dateTime", "From when."),
            Input("end", "dateTime", "Until when."),
            Input("status", "code", "pending, active or withdrawn; without it active."),
        ),
        changes=True,
        returns="Contract",
    ),
)
