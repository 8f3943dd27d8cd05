"""What an operator is told, once it is on disk, of messages that were shelved and of a feed that stands still for one."""

from __future__ import annotations

import structlog

from interop.errors import reasons
from interop.ports import MessageState
from interop.store.plan import STOPPED
from interop.store.values import Change

HOLDS = "feed-stopped"
"""Why a message is held."""
_log = structlog.get_logger(__name__)


def tell(change: Change) -> None:
    """A line for each reason of what a change shelves, with the numbers of its messages, and one for each feed that it stops."""
    shelved: dict[str, list[int]] = {}
    for each in change.outcomes:
        if each.state == MessageState.SHELVED:
            shelved.setdefault(each.reason, []).append(each.message)
    for reason, messages in shelved.items():
        _log.warning("messages shelved", reason=reason, messages=messages, action=reasons()[reason].action)
    for name, number in change.meta:
        if name.startswith(STOPPED) and number:
            feed = name.removeprefix(STOPPED)
            _log.error("feed stands still", feed=feed, message=int(number), action=reasons()[HOLDS].action)
