"""What a mapper is given of a message in the journal."""

from __future__ import annotations

from collections.abc import Mapping

from interop.apply.mapping_work import Job
from interop.identity.sources import verified
from interop.ports import Feed
from interop.store.values import Entry


def job_of(entry: Entry, feeds: Mapping[str, Feed]) -> Job:
    """The message with what its feed declares."""
    feed = feeds.get(entry.feed)
    if feed is None:
        return Job(entry.message, entry.feed, entry.adapter, entry.body, entry.received, False)
    return Job(
        entry.message, entry.feed, entry.adapter, entry.body, entry.received, feed.test_numbers, feed.snapshots,
        feed.organisation, feed.also, verified(feeds, (entry.feed,), entry.feed, entry.adapter),
    )  # fmt: skip
