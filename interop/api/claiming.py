"""What somebody comes to be allowed by what they write themselves: a relationship, or consent that the person had closed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import orjson

from interop.apply.asked import Key
from interop.apply.journalled import Step
from interop.apply.permitting import PATIENT, patients_of
from interop.audit.privacy import OPENED, OWN
from interop.clock import Clock
from interop.policy.access import access_rows
from interop.policy.asker import Asker
from interop.policy.facts import Facts
from interop.policy.grants import CARE
from interop.policy.relationships import RELATIONSHIPS
from interop.policy.said import GIVEN, Said, opens, read
from interop.store.plan import Access
from interop.store.seam import Store
from interop.store.values import Head

Claimed = Callable[[Asker, Sequence[Step], Mapping[Key, Head]], Awaitable[str]]
"""Of a change that is about to be made: the rule of the privacy officer's queue that it falls under, '' for none."""


async def nobody(asker: Asker, steps: Sequence[Step], heads: Mapping[Key, Head]) -> str:
    """Where nothing is known of who asks."""
    return ""


class Claiming:
    """Asks the record what stood before."""

    def __init__(self, store: Store, facts: Callable[[], Facts], clock: Clock) -> None:
        self._store, self._facts, self._clock = store, facts, clock

    async def claimed(self, asker: Asker, steps: Sequence[Step], heads: Mapping[Key, Head]) -> str:
        """``own-relationship`` where care rows that the change makes name the author or their organisation for longer than any did
        before; ``consent-opened`` where somebody else opens what the person had closed, or names who acts for them."""
        if not asker.patient and any(_opened(step, heads.get(step.key)) for step in steps):
            return OPENED
        return OWN if await self._involved(asker, steps) else ""

    async def _involved(self, asker: Asker, steps: Sequence[Step]) -> bool:
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


def _opened(step: Step, head: Head | None) -> bool:
    if step.draft is None or step.key[0] != "Consent":
        return False
    before = read(orjson.loads(head.body)) if head is not None and head.body else Said()
    said = read(step.draft.resource)
    labels = [label for label, (decision, _) in said.labels.items() if decision == GIVEN]
    proxies = [reference for name, (reference, _) in said.proxies.items() if name not in before.proxies]
    whole = said.whole == GIVEN and opens([before], GIVEN, (), ())
    return whole or bool(proxies) or (bool(labels) and opens([before], GIVEN, labels, ()))
