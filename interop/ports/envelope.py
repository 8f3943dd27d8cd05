"""The envelope: what a message says of itself before anyone asks what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Order(NamedTuple):
    """When the facts of a message held, for the fold: later wins, whatever came first.

    ``time`` is microseconds since the epoch of the event (EVN-6, EVN-2, MSH-7; ``effectiveTime``; 0 if the source gives
    none), ``version`` the source's own counter (e-RS ``versionId``), ``tie`` a digest that decides between equals. Where a source
    gives neither time nor version, it is when the message came.
    """

    time: int
    version: int
    tie: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """Facts of one source message.

    ``family`` names the folder of tables in ``mappings``, ``message`` the row of its ``routes.csv`` (``ADT^A01``);
    ``organisation`` is the ODS code (or other name) of who assigns local identifiers; ``keys`` are the patient identifiers,
    ``system|value``, that hold messages in order, both sides of a merge; ``duplicate`` is what makes two messages the same
    one within a feed (for HL7 v2: MSH-3, MSH-4, MSH-10) and ``digest`` is the content without its sending time. ``sender`` and
    ``receiver`` are application and facility, ``|`` between (for HL7 v2: MSH-3 and MSH-4, MSH-5 and MSH-6).
    """

    family: str
    message: str
    control_id: str
    order: Order
    keys: tuple[str, ...] = ()
    duplicate: str = ""
    digest: bytes = b""
    sender: str = ""
    organisation: str = ""
    version: str = ""
    receiver: str = ""
