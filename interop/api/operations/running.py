"""The operations by which operators run the engine, as they are routed and told in the CapabilityStatement."""

from __future__ import annotations

from typing import Final

from interop.api.operations.operation import SYSTEM, Input, Operation

RUNNING: Final = (
    Operation(
        "replay",
        "OperationDefinition/replay",
        "replay.replay",
        (SYSTEM,),
        (),
        "Map messages of feeds again by the tables of today: what comes of it takes the place of what they had said. A batch at a "
        "time: next is where the following one begins. What changes is told by FHIR path, never by value.",
        (
            Input("message", "positiveInt", "The number of a message in the journal; instead of a filter.", many=True),
            Input("feed", "string", "Only messages of this feed."),
            Input("type", "string", "Only messages of this type."),
            Input("state", "code", "Only messages of this state: applied, refused, failed, shelved."),
            Input("reason", "code", "Only messages with this reason of the error table."),
            Input("control-id", "string", "Only messages with this control id."),
            Input("since", "instant", "Only messages received from then on."),
            Input("until", "instant", "Only messages received before."),
            Input("all", "boolean", "All messages, where there is no filter."),
            Input("after", "unsignedInt", "Only messages with a higher number in the journal."),
            Input("upto", "positiveInt", "Only messages up to this number; without it all that there are."),
            Input("count", "positiveInt", "Messages of this batch at most; without it 200, at most 1,000."),
            Input("dry-run", "boolean", "Whether only to tell what would change."),
            Input(
                "resume",
                "string",
                "A feed that stands still for a message that was shelved: what it holds back is applied, and it goes on.",
            ),
        ),
        changes=True,
        returns="Parameters",
    ),
    Operation(
        "retention",
        "OperationDefinition/retention",
        "retention.retention",
        (SYSTEM,),
        (),
        "Let go of what the settings no longer keep: content of messages, replaced versions, and what sources alone have said that "
        "have withdrawn. A portion at a time.",
        (Input("dry-run", "boolean", "Whether only to tell what would go."),),
        changes=True,
        returns="Parameters",
    ),
)
