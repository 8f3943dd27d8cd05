"""The families of messages that can be generated, by name."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import NamedTuple


class Family(NamedTuple):
    """A family: its name (also that of the adapter for it), what its files end in, and what ``conformance generate`` says of it."""

    name: str
    suffix: str
    description: str

    def messages(self, seed: int, patients: int | None) -> Iterator[bytes]:
        """The bodies of its messages, in the order they would be sent."""
        made: Iterator[bytes] = import_module(f"conformance.generate.{self.name}").messages(seed, patients)
        return made


FAMILIES = {
    family.name: family
    for family in (
        Family("hl7v2", "hl7", "ITK HL7 v2.4 ADT and SIU of a hospital"),
        Family("openhr", "xml", "EMIS OpenHR extracts of GP practices"),
        Family("nhs111", "xml", "NHS 111 reports: ITK SOAP and CDA"),
        Family("ers", "json", "e-Referral: ReferralRequests, Appointments, advice, worklists, FHIR STU3"),
    )
}


class Message(NamedTuple):
    """A generated message and its family."""

    family: Family
    body: bytes


def interleaved(seed: int, families: list[Family], patients: int | None) -> Iterator[Message]:
    """The messages of several families by turns, until all have ended; the same people in each."""
    streams = [(family, family.messages(seed, patients)) for family in families]
    while streams:
        for pair in list(streams):
            family, stream = pair
            body = next(stream, None)
            if body is None:
                streams.remove(pair)
            else:
                yield Message(family, body)
