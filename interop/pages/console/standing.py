"""How everything stands, in words: what has to be done, worst first, and a line for each feed and destination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from interop.screen.words import count, moment

Said = Mapping[str, Any]
LONG: Final = 60
"""Seconds after which a message that waits is worth a word."""
COLOURS: Final = {
    "down": "red", "held": "red", "shelved": "orange", "waiting": "yellow", "stale": "orange", "quiet": "grey", "well": "green",
}  # fmt: skip
WORDS: Final = {
    "down": "Source is down", "held": "Stands still", "shelved": "Needs a decision", "waiting": "Working", "stale": "Silent",
    "quiet": "Nothing yet", "well": "Well",
}  # fmt: skip
ORDER: Final = tuple(WORDS)


class Need(NamedTuple):
    """Something to be done: one sentence, one action."""

    sentence: str
    action: str
    href: str


def needs(feeds: Iterable[Said], destinations: Iterable[Said], now: float) -> list[Need]:
    """What has to be done, worst first. ``now`` in seconds, of the same clock as ``silentSeconds``."""
    found: list[tuple[int, Need]] = []
    for feed in feeds:
        name, state = feed["feed"], feed["state"]
        found += [(ORDER.index(state), each) for each in _of_feed(name, state, feed)]
    for each in destinations:
        found += [(ORDER.index("shelved"), need) for need in _of_destination(each)]
    return [need for _, need in sorted(found, key=lambda pair: pair[0])]


def _of_feed(name: str, state: str, feed: Said) -> Iterable[Need]:
    match state:
        case "down":
            yield Need(f"The source of {name} is down since {moment(feed['downSince'])}.", "Ask who runs the source", _one(name))
        case "held":
            yield Need(
                f"{name} stands still: {count(feed['held'], 'message')} wait behind one that could not be applied.",
                "Decide on the message on the shelf",
                "/console/shelf",
            )
        case "shelved":
            since = f" The record is incomplete since {moment(feed['incompleteSince'])}." if "incompleteSince" in feed else ""
            number = feed["shelved"] + feed["failed"]
            yield Need(f"{count(number, 'message')} of {name} could not be applied.{since}", "Look at the shelf", "/console/shelf")
        case "stale":
            yield Need(f"Nothing has come from {name} since {moment(feed['lastReceived'])}.", "Ask its sender", _one(name))


def _of_destination(said: Said) -> Iterable[Need]:
    name = said["destination"]
    where = f"/console/destinations/{name}"
    if said.get("shelved"):
        yield Need(f"{count(said['shelved'], 'delivery', 'deliveries')} to {name} failed for good.", "Look at them", where)
    if said.get("paused"):
        yield Need(f"{name} is paused: {count(said['pending'], 'delivery', 'deliveries')} wait.", "Let it go on", where)
    if said.get("missing"):
        yield Need(
            f"{name} has not acknowledged {count(said['missing'], 'delivery', 'deliveries')} in time.", "Look at them", where
        )


def _one(name: str) -> str:
    return f"/console/feeds/{name}"


def lines(feeds: Iterable[Said]) -> list[dict[str, Any]]:
    """Feeds that have sent or were declared by the operator come first, then by what is worst; those of the engine itself last."""
    found = [
        {
            **feed,
            "words": WORDS[feed["state"]],
            "colour": COLOURS[feed["state"]],
            "silent": span(feed.get("silentSeconds")),
            "href": _one(feed["feed"]),
        }
        for feed in feeds
    ]
    return sorted(found, key=lambda each: (not each["received"], ORDER.index(each["state"]), each["feed"]))


def span(seconds: int | None) -> str:
    """4 s, 12 min, 3 h, 2 days; '' for never."""
    if seconds is None:
        return ""
    for unit, size in (("s", 1), ("min", 60), ("h", 3600)):
        if seconds < size * (60 if unit != "h" else 48):
            return f"{seconds // size} {unit}"
    return f"{seconds // 86400} days"
