"""What an adapter may know of the engine: source message, receipt, and where to hand both over."""

from interop.ports.adapter import Adapter, Listener, Listens, Source
from interop.ports.call import Answers, Call, Reply
from interop.ports.envelope import Envelope, Order
from interop.ports.feed import Feed
from interop.ports.receipt import AckState, Intake, MessageState, Receipt, Wait
from interop.ports.sender import Answer, Sender

__all__ = [
    "AckState",
    "Adapter",
    "Answer",
    "Answers",
    "Call",
    "Envelope",
    "Feed",
    "Intake",
    "Listener",
    "Listens",
    "MessageState",
    "Order",
    "Receipt",
    "Reply",
    "Sender",
    "Source",
    "Wait",
]
