"""Whether somebody comes to be involved in a person's care, or for longer, by what they write themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from interop.apply.asked import Key
from interop.apply.journalled import Step
from interop.apply.permitting import PATIENT, patients_of
from interop.clock import Clock
from interop.policy.access import access_rows
from interop.policy.asker import Asker
from interop.policy.facts import Facts
from interop.policy.grants import CARE
from interop.policy.relationships import RELATIONSHIPS
from interop.store.plan import Access
from interop.store.seam import Store
from interop.store.values import Head

Claimed = Callable[[Asker, Sequence[Step], Mapping[Key, Head]], Awaitable[bool]]
"""Of a change that is about to be made: whether its author gains a relationship by it."""


async def nobody(asker: Asker, steps: Sequence[Step], heads: Mapping[Key, Head]) -> bool:
    """Where nothing is known of who asks."""
    return False


class Claiming:
    """Asks the record what stood before."""

    def __init__(self, store: Store, facts: Callable[[], Facts], clock: Clock) -> None:
        self._store, self._facts, self._clock = store, facts, clock

    async def claimed(self, asker: Asker, steps: Sequence[Step], heads: Mapping[Key, Head]) -> bool:
        """Whether care rows that the change makes name the author or their organisation for longer than any did before."""
        now = self._clock.now()
        for step in steps:
            if step.draft is None or step.key[0] not in RELATIONSHIPS:
                continue
            own = self._facts().codes(asker)
            rows = access_rows(step.draft.resource, declared=True)
            until = max((int(row.c) for row in rows if row.parameter == CARE and row.a in own), default=0)
            if until <= now:
                continue
            patients = (step.key[1],) if step.key[0] == PATIENT else tuple(patients_of(step.draft.resource))
            for patient in patients:
                before = await self._store.query(Access((patient,), (CARE,)))
                if until > max((high for _, _, code, low, high, *_ in before if code in own and low <= now), default=0):
                    return True
        return False
