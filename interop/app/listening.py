"""Where an engine is sent messages over MLLP, and who may send there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from interop.api.auditing.auditing import Auditing
from interop.app.addresses import address
from interop.app.feeds import Feeds
from interop.app.settings import Settings
from interop.app.tls import Holders, server_context
from interop.errors import Problem
from interop.mapping.library import adapters
from interop.policy.asker import NOBODY
from interop.ports import Feed, Intake, Listener, Listens, Mutual, Record


class Listening:
    """The adapters that listen, on the port for MLLP."""

    def __init__(self, settings: Settings, feeds: Feeds, now: Callable[[], int], audit: Auditing) -> None:
        self._settings, self._feeds, self._now, self._audit = settings, feeds, now, audit
        self.listeners: list[Listener] = []
        self.turned_away = 0
        """Connections that were ended for their certificate."""
        self._holders: Holders | None = None

    @property
    def port(self) -> int:
        """The port; 0 where no adapter listens."""
        return self.listeners[0].port if self.listeners else 0

    async def start(self, intake: Intake, record: Record) -> None:
        """Listen. Raises OSError where the port is taken, ValueError for certificates that cannot be used."""
        for adapter in adapters().values():
            if isinstance(adapter, Listens):
                host, port = address(self._settings.mllp)
                name = self._settings.mllp_feed
                feed = self._feeds.get(name) or Feed(name, "")
                listener = adapter.listener(host, port, feed, self._now, self._mutual())
                await listener.start(intake, record)
                self.listeners.append(listener)

    def redeclared(self) -> None:
        """Who may send over mutual TLS follows the feeds."""
        if self._holders is not None:
            self._holders = Holders(self._feeds.values())
        for listener in self.listeners:
            listener.redeclared()

    def stops(self, grace: float) -> list[Awaitable[None]]:
        """What ends each of them, which gives senders ``grace`` seconds."""
        return [listener.stop(grace) for listener in self.listeners]

    def _mutual(self) -> Mutual | None:
        """Mutual TLS of the port, None where it has none. Raises ValueError for files that cannot be used."""
        settings = self._settings
        if settings.mllp_tls_cert is None or settings.mllp_tls_key is None:
            return None
        context = server_context(settings.mllp_tls_cert, settings.mllp_tls_key, settings.mllp_tls_ca)
        self._holders = Holders(self._feeds.values())
        return Mutual(context, lambda *shown: self._holders.feed(*shown) if self._holders is not None else None, self._turned_away)

    def _turned_away(self) -> None:
        """Somebody whose certificate is no feed's has connected."""
        self.turned_away += 1
        with suppress(Problem):
            self._audit.refused(NOBODY, "mllp", Problem("forbidden"))
