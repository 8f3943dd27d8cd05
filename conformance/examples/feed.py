"""The four feeds of the example day, and what one of its messages is."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Feed(NamedTuple):
    """A feed: its name, the adapter that reads it, and what it is."""

    name: str
    adapter: str
    description: str


GP = Feed("gp", "openhr", "Oakshaw Surgery and neighbours: EMIS OpenHR records")
HOSPITAL = Feed("hospital", "hl7v2", "Eastmere General Hospital: ITK HL7 v2.4 ADT and SIU")
AMBULANCE = Feed("ambulance", "nhs111", "Mereshire Ambulance and 111 Service: NHS 111 reports")
EREFERRAL = Feed("ereferral", "ers", "NHS e-Referral Service: referrals and bookings, FHIR STU3")

SUFFIXES = {"openhr": "xml", "hl7v2": "hl7", "nhs111": "xml", "ers": "json"}


class ExampleMessage(NamedTuple):
    """One message of the day: the feed and adapter it is for, its bytes, and a file name that sorts by time."""

    feed: str
    adapter: str
    body: bytes
    file_name: str


class Sent(NamedTuple):
    """A message and when it was sent."""

    at: datetime
    feed: Feed
    about: str
    body: bytes

    def example(self) -> ExampleMessage:
        """As the day hands it out."""
        name = f"{self.at:%H%M%S}-{self.feed.name}-{self.about}.{SUFFIXES[self.feed.adapter]}"
        return ExampleMessage(self.feed.name, self.feed.adapter, self.body, name)
