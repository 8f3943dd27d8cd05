"""What who asks may write on, and as whom (``interop.apply.asked``)."""

from __future__ import annotations

from dataclasses import replace

from interop.api.asgi import Request
from interop.api.services import Services
from interop.apply.asked import ANY_SCOPE, NO_AUTHOR, Author, Key, Permit
from interop.errors import Problem
from interop.policy.asker import TESTER
from interop.store.plan import Read
from interop.store.values import Stored


def permit_of(services: Services, request: Request, interaction: str, type: str, id: str = "") -> Permit | None:
    """What may be written on; None where nothing is withheld. Raises Problem ``forbidden`` where the write as such is refused."""
    decision = services.decide(request, interaction, type, id)
    if decision.predicate is None:
        return None

    looked = replace(decision, account=None)  # what is only looked at is given to nobody

    async def see(key: Key) -> Stored | None:
        found: list[Stored] = await services.store.query(Read(looked, *key))
        return found[0] if found else None

    async def read(key: Key) -> Stored | None:
        try:
            reading = replace(services.decide(request, "read", *key), account=None)
        except Problem:
            return None
        found: list[Stored] = await services.store.query(Read(reading, *key))
        return found[0] if found else None

    return Permit(see, read, of_person=bool(request.asker.patient))


def author_of(request: Request) -> Author:
    """Who writes; nobody where the engine was started open."""
    asker = request.asker
    if asker.role == TESTER.role:
        return NO_AUTHOR
    scope = ANY_SCOPE if asker.scopes is None else " ".join(map(str, asker.scopes))
    return Author(asker.user, asker.role, asker.organisation, asker.client, asker.purpose, scope)
