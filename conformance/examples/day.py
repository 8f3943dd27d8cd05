"""The example day: three stories among the ordinary traffic of a district, in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import chain

from conformance.examples import bill, laura, susan
from conformance.examples.cast import bill as bill_of
from conformance.examples.cast import laura as laura_of
from conformance.examples.cast import susan as susan_of
from conformance.examples.feed import AMBULANCE, EREFERRAL, GP, HOSPITAL, ExampleMessage, Feed, Sent
from conformance.generate import ers, hl7v2, nhs111, openhr
from conformance.generate.people import Person

SEED = 730
"""Of the people in the crowd."""
_CROWD = {GP: 25, HOSPITAL: 60, AMBULANCE: 30, EREFERRAL: 20}
"""How many people each feed tells of, besides the three."""


def feeds() -> list[Feed]:
    """The feeds of the day: name, adapter, description."""
    return [GP, HOSPITAL, AMBULANCE, EREFERRAL]


def people(base: date | None = None) -> list[Person]:
    """Laura, Susan and Bill, with the numbers that every feed knows them by."""
    on = base or yesterday()
    return [laura_of(on), susan_of(on), bill_of(on)]


def yesterday() -> date:
    """The day that is told of unless another is asked for: all of it has happened, and its appointments lie ahead."""
    return date.today() - timedelta(days=1)


def _hospital(base: date) -> Iterator[bytes]:
    start, lap = datetime.combine(base, time(6)), timedelta(minutes=150)
    return hl7v2.messages(SEED, _CROWD[HOSPITAL], start=start, lap=lap, control=f"C{base:%y%m%d}")


def _crowd(base: date) -> Iterator[Sent]:
    """Ordinary messages, spread over each feed's hours in the order they were made."""

    def at(hour: int) -> datetime:
        return datetime.combine(base, time(hour))

    made: tuple[tuple[Feed, int, Iterator[bytes]], ...] = (
        (GP, 7, openhr.messages(SEED, _CROWD[GP], start=at(7))),
        (HOSPITAL, 6, _hospital(base)),
        (AMBULANCE, 6, nhs111.messages(SEED, _CROWD[AMBULANCE], start=at(6))),
        (EREFERRAL, 9, ers.messages(SEED, _CROWD[EREFERRAL], start=at(9))),
    )
    for feed, opens, messages in made:
        bodies = list(messages)
        gap = timedelta(hours=21 - opens) / len(bodies)
        for number, body in enumerate(bodies, 1):
            yield Sent(at(opens) + gap * number, feed, f"{number:04d}", body)


def day(base: date | None = None) -> Iterator[ExampleMessage]:
    """The messages of day ``base`` (yesterday unless given), in order; a day gives the same bytes each time."""
    on = base or yesterday()
    sent = sorted(chain(laura.day(on), susan.day(on), bill.day(on), _crowd(on)), key=lambda message: message.at)
    for message in sent:
        yield message.example()
