"""Who may bind a Subscription, and what is told over its socket then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

from interop.api.asgi import Request
from interop.api.delivering.meaning import WEBSOCKET, Meant
from interop.api.delivering.notifications import SHAKE, TYPE
from interop.api.delivering.payload import Contents
from interop.api.services import Services
from interop.api.sockets.bindings import Bindings, Socket
from interop.api.sockets.tokens import Granted
from interop.apply.asked import NO_AUTHOR, Author
from interop.errors import Problem
from interop.formats.json import load_json
from interop.policy.asker import Asker
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Read
from interop.store.values import Stored

ACTIVE: Final = "active"


class Asks(Protocol):
    """Knows what Subscriptions ask for, and for whom."""

    def meaning(self, resource: dict[str, Any]) -> Meant:
        """Raises Problem ``bad-value``."""
        ...

    async def author(self, stored: Stored) -> Author:
        """Who wrote it. Raises Problem ``purged``."""
        ...

    def told(self, author: Author) -> Asker:
        """Whom it is told for."""
        ...


@dataclass(slots=True)
class Sockets:
    """The websockets of a process."""

    bindings: Bindings
    subscriptions: Asks
    contents: Contents

    async def allowed(self, services: Services, request: Request, id: str) -> tuple[Stored, Author]:
        """A Subscription that may be bound by who asks: they may read it, and it is their program that wrote it, for it is told
        what that may see. Raises Problem ``forbidden``, ``not-found``."""
        found: list[Stored] = await services.store.query(Read(services.decide(request, "read", TYPE, id), TYPE, id))
        if not found or found[0].deleted:
            raise Problem("not-found")
        author = await self.subscriptions.author(found[0])
        asker = request.asker
        if author != NO_AUTHOR and (author.client, author.organisation) != (asker.client, asker.organisation):
            raise Problem("not-found")
        return found[0], author

    async def granted(self, services: Services, granted: Granted, id: str) -> tuple[Stored, Author]:
        """One that a token names. Raises Problem ``not-found``."""
        found: list[Stored] = await services.store.query(Read(PERMIT_ALL, TYPE, id))
        if id not in granted.ids or not found or found[0].deleted:
            raise Problem("not-found")
        author = await self.subscriptions.author(found[0])
        if author != NO_AUTHOR and (author.client, author.organisation) != (granted.client, granted.organisation):
            raise Problem("not-found")
        return found[0], author

    def asked(self, stored: Stored) -> Meant:
        """What it asks for; raises Problem ``bad-value`` where it is not active, or not by websocket."""
        resource = load_json(stored.body, values=None)
        meant = self.subscriptions.meaning(resource)
        if meant.channel != WEBSOCKET:
            raise Problem("bad-value", where="Subscription.channel.type", detail="it is not told by websocket")
        if resource.get("status") != ACTIVE:
            raise Problem("bad-value", where="Subscription.status", detail="it is not active")
        return meant

    async def bind(self, services: Services, stored: Stored, author: Author, socket: Socket, by: Asker, *, said: bool) -> None:
        """Begin to tell it, once the audit says who is told: ``bound ID`` (where ``said``, or where no handshake says so), a
        handshake of a topic, and what waits. Raises Problem, OSError where the socket is gone."""
        meant = self.asked(stored)
        services.audit.bound(by, stored.id, socket.place)
        worker = await self.bindings.bind(stored.id, meant, self.subscriptions.told(author), socket)
        found: list[Stored] = await services.store.query(Read(PERMIT_ALL, TYPE, stored.id))
        if not found or (found[0].version, found[0].deleted) != (stored.version, False):  # written before it was bound
            await self.bindings.free(stored.id, socket)
            raise Problem("stale-version")
        if said or not meant.topic:
            await socket.answer(f"bound {stored.id}")
        if meant.topic:
            shake = await self.contents.told(worker.name, SHAKE, f"{stored.id}-{stored.version}", meant.format)
            if shake is not None:
                await socket.answer(shake.body.decode())
        self.bindings.begin(stored.id, worker)
