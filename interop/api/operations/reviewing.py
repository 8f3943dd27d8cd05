"""The operations by which is looked at who looked, as they are routed and told in the CapabilityStatement."""

from __future__ import annotations

from typing import Final

from interop.api.operations.operation import INSTANCE, SYSTEM, Input, Operation

CARE_START: Final = Input("start", "date", "Only looks from then on.")
CARE_END: Final = Input("end", "date", "Only looks until then.")

REVIEWING: Final = (
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
)
