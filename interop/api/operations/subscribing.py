"""The operations of Subscriptions by topic (Subscriptions R5 Backport 1.1), as they are routed and told in the
CapabilityStatement."""

from __future__ import annotations

from typing import Final

from interop.api.operations.operation import INSTANCE, TYPE, Input, Operation

_BACKPORT: Final = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-"
_SUBSCRIPTION: Final = ("Subscription",)

SUBSCRIBING: Final = (
    Operation(
        "status",
        _BACKPORT + "status",
        "subscriptions.status",
        (TYPE, INSTANCE),
        _SUBSCRIPTION,
        "How Subscriptions stand: their status, and the number of the last event of each by topic.",
        (
            Input("id", "id", "Only this Subscription.", many=True),
            Input("status", "code", "Only Subscriptions of this status.", many=True),
        ),
    ),
    Operation(
        "events",
        _BACKPORT + "events",
        "subscriptions.events",
        (INSTANCE,),
        _SUBSCRIPTION,
        "Events of a Subscription by topic again, as who asks may see them now, at most 100, from the lowest number on. They are "
        "kept for 30 days after they were sent.",
        (
            Input("eventsSinceNumber", "string", "From this number on."),
            Input("eventsUntilNumber", "string", "Up to this number."),
            Input("content", "code", "empty, id-only or full-resource; without it as the Subscription says."),
        ),
    ),
    Operation(
        "get-ws-binding-token",
        _BACKPORT + "get-ws-binding-token",
        "subscriptions.token",
        (TYPE, INSTANCE),
        _SUBSCRIPTION,
        "A token by which Subscriptions of one's own are bound to a websocket, for five minutes.",
        (Input("id", "id", "A Subscription; at an instance that one.", many=True),),
        returns="Parameters",
    ),
)
