"""What destinations are to be told, and what has come of it."""

from __future__ import annotations

from typing import NamedTuple

DELIVERY = "delivery"
"""The kind of the News that there is something for a destination."""

PENDING, SENT, SHELVED, WITHHELD, DROPPED = "pending", "sent", "shelved", "withheld", "dropped"
"""The states of a delivery: it waits its turn; it was taken; it was refused for good or is too old; the destination may not have
it; nobody wants it any more."""

AWAITED, PASSED, ACKNOWLEDGED, DENIED, MISSING = "awaited", "passed", "acknowledged", "refused", "missing"
"""What has come of a destination's own acknowledgement: it is to come; somebody on the way has what was sent; it came, or came and
says no; it did not come in time."""


class Delivery(NamedTuple):
    """Something that a destination is to be told. ``id`` is the same whenever the same event is routed there; ``route`` is the row
    of routes.csv, or the Subscription, that asks for it; ``event`` one of ``created``, ``updated``, ``deleted`` (of the version
    that is named), ``message`` (of which ``concerns`` are the resources, ``Type/id`` with blanks between) and ``alert``
    (``resource`` is the item of the privacy officer's queue, ``type`` its rule). ``made``, ``due``, ``changed`` and ``since`` are
    microseconds; ``since`` is when an operator let it go out again, 0 for never: it counts from then how long it is tried.
    ``number``: which event of its Subscription it is, 0 where none is given (``Change.numbered``). ``tracking`` is the name by
    which the other side acknowledges it, ``ack`` what has come of that ('' = none is to come), ``code`` its own word for it,
    ``deadline`` until when (microseconds). ``sequence`` is given by the store."""

    destination: str
    id: str
    route: str
    event: str
    format: str
    made: int
    message: int = 0
    type: str = ""
    resource: str = ""
    version: int = 0
    concerns: str = ""
    state: str = PENDING
    tries: int = 0
    due: int = 0
    reason: str = ""
    changed: int = 0
    since: int = 0
    number: int = 0
    tracking: str = ""
    ack: str = ""
    code: str = ""
    deadline: int = 0
    sequence: int = 0


class Heard(NamedTuple):
    """A message whose facts are in a change, for whoever decides where it goes; the store keeps nothing of it. ``concerns`` as in
    Delivery; ``sender`` and ``receiver`` as in ``interop.ports.Envelope``."""

    message: int
    feed: str
    family: str
    type: str
    sender: str
    receiver: str
    concerns: str


class Mark(NamedTuple):
    """What has become of a delivery that waits; with ``since``, as in Delivery, it goes out again, whatever had become of it."""

    sequence: int
    state: str
    tries: int
    due: int
    reason: str
    changed: int
    since: int = 0


class Awaited(NamedTuple):
    """A delivery that waits is about to go out, or has just gone, and will be acknowledged as ``tracking`` until ``deadline``; 0:
    nothing is due, but something may come all the same."""

    sequence: int
    tracking: str
    deadline: int


class Answered(NamedTuple):
    """What the other side has said of a delivery, or that it has not in time: ``ack`` and ``code`` as in Delivery, ``state`` and
    ``reason`` what that makes of it. Passed over where it has been acknowledged or refused before, or has no name to be
    acknowledged by since it was let go out again; ``passed`` too where it is missing, and only the state counts where nothing more
    is due; ``missing`` where it is not awaited any more."""

    sequence: int
    ack: str
    code: str
    state: str
    reason: str
    changed: int


SWEPT = 1_000
"""So many deliveries are taken away at once: nothing is journalled meanwhile."""


class Sweep(NamedTuple):
    """Deliveries of a destination that are in one state come to be in another, to be tried at once and counted from ``before``;
    ``to`` '' takes away the first ``SWEPT`` of those that have not changed since ``before`` (microseconds)."""

    destination: str
    state: str
    to: str
    before: int


class QueueCount(NamedTuple):
    """How a destination's queue stands; ``oldest`` is when the oldest that waits was made, 0 for none. ``awaited``: so many were
    sent and are not acknowledged yet, the oldest of them at ``gone`` (0 for none); ``missing``: so many were not in time."""

    destination: str
    pending: int
    sent: int
    shelved: int
    withheld: int
    oldest: int
    awaited: int = 0
    gone: int = 0
    missing: int = 0
