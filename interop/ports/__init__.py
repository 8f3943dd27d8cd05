"""What an adapter may know of the engine: source message, receipt, and where to hand both over."""

from interop.ports.adapter import Adapter, Listener, Source
from interop.ports.envelope import Envelope, Order
from interop.ports.receipt import AckState, Intake, MessageState, Receipt, Wait

__all__ = ["AckState", "Adapter", "Envelope", "Intake", "Listener", "MessageState", "Order", "Receipt", "Source", "Wait"]
