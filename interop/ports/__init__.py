"""What an adapter may know of the engine: source message, receipt, and where to hand both over."""

from interop.ports.adapter import Adapter, Delivers, Listener, Listens, Mutual, Source
from interop.ports.call import Answers, Call, Caller, Reply
from interop.ports.destination import Acknowledgement, Carrier, Courier, Destination, Follows, Parcel, Taken
from interop.ports.envelope import Envelope, Order
from interop.ports.feed import Feed
from interop.ports.puller import Have, Pulled, Puller, Seen
from interop.ports.receipt import AckState, Intake, MessageState, Receipt, Wait
from interop.ports.record import Asks, Inquiry, Person, Record, Resource
from interop.ports.sender import Answer, Sender
from interop.ports.signals import Heard, Signals, Silent

__all__ = [
    "AckState",
    "Acknowledgement",
    "Adapter",
    "Answer",
    "Answers",
    "Asks",
    "Call",
    "Caller",
    "Carrier",
    "Courier",
    "Delivers",
    "Destination",
    "Envelope",
    "Feed",
    "Follows",
    "Have",
    "Heard",
    "Inquiry",
    "Intake",
    "Listener",
    "Listens",
    "MessageState",
    "Mutual",
    "Order",
    "Parcel",
    "Person",
    "Pulled",
    "Puller",
    "Receipt",
    "Record",
    "Reply",
    "Resource",
    "Seen",
    "Sender",
    "Signals",
    "Silent",
    "Source",
    "Taken",
    "Wait",
]
