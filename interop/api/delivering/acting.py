"""The queue of the rules: not sent anywhere, but acted on."""

from __future__ import annotations

from typing import Final

import structlog

from interop.api.delivering.payload import Payload
from interop.api.delivering.senders import Taken
from interop.api.delivering.worker import Worker
from interop.apply.acting.acting import Acting
from interop.errors import Problem
from interop.store.values import SENT, SHELVED, Change, Delivery, Mark

RULES: Final = "rules"
"""The name of the queue: no destination of a deployment has it."""
DAYS: Final = 7
"""How long one is tried, as is told of it; in truth until it is done."""
AGAIN: Final = ("stale-version",)
"""What passes though the error table calls it permanent: somebody was writing."""
_log = structlog.get_logger("interop.rules")


class Nowhere:
    """Nothing leaves: to have acted is all."""

    async def send(self, payload: Payload) -> Taken:
        """It is taken."""
        return Taken()

    async def close(self) -> None:
        """There is nothing to let go."""


class RulesWorker(Worker):
    """Has the rules act on each version, in the order of the commits. What cannot be done now is tried again before anything that
    came later; what never can is put on the shelf."""

    acting: Acting

    async def _tried(self, delivery: Delivery) -> tuple[Mark, Change] | None:
        if self.alone is not None and not await self.alone():
            return None
        state, reason = SENT, ""
        try:
            await self.acting.act(delivery)
        except Problem as problem:
            if problem.reason.retry == "transient" or problem.reason.name in AGAIN:
                raise
            state, reason = SHELVED, problem.reason.name
        except Exception as error:
            _log.error("the rules failed over a version", delivery=delivery.sequence, error=type(error).__name__)
            state, reason = SHELVED, "rule-fault"
        mark = Mark(delivery.sequence, state, delivery.tries + 1, 0, reason, self._clock.now())
        return mark, Change(marks=[mark])
