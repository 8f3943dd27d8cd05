"""How an engine tells people: tables of words and quiet hours, the channels of the deployment, the queues between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from interop.api.delivering.acting import DAYS, Nowhere
from interop.api.delivering.deliverer import Deliverer
from interop.api.delivering.notices import ChannelWorker, NoticeContents, NoticesWorker
from interop.api.delivering.watched import watched
from interop.api.delivering.worker import Worker
from interop.api.searching.ground import known
from interop.app.acting import site_of
from interop.app.clocks import FOLDER
from interop.app.settings import Settings
from interop.app.workshop import Workshop
from interop.apply.acting.recipients import Recipients
from interop.apply.telling.telling import QUEUE, TYPE, Telling, Way
from interop.ids import Mint
from interop.mapping.places import mappings_root
from interop.notify import messages, quiet
from interop.notify.destinations import PEOPLE, SMS, Destination
from interop.notify.messages import EMAIL, Messages, read_messages
from interop.notify.messages import SMS as TEXT
from interop.notify.quiet import Quiet, read_quiet
from interop.notify.routes import CREATED, ID_ONLY, UPDATED, Route
from interop.policy.asker import TESTER
from interop.policy.decide import decide
from interop.record.indexing import Indexing
from interop.rules.making import RULE

SERVICE: Final = "the NHS"
"""What the service is called unless the destination says."""
LONG: Final = len(Mint().id(TYPE, RULE, ""))
"""Characters of an id that we have made."""
Hours = Mapping[tuple[str, str], Quiet]


def words_of(settings: Settings) -> tuple[Messages, Hours]:
    """The tables of ``mappings/rules`` with the rows of a site's folder laid over them. Raises TellingRefused."""
    folder, site = mappings_root().joinpath(FOLDER), site_of(settings)

    def both(name: str) -> tuple[list[str], list[str]]:
        return _lines(folder, name), _lines(site, name) if site is not None else []

    return read_messages(*both(messages.FILE)), read_quiet(*both(quiet.FILE))


def ways_of(destinations: Mapping[str, Destination], words: Messages) -> dict[str, Way]:
    """The channels of a deployment. Raises ValueError: there is one of a kind at most, and its text messages are each but one."""
    made: dict[str, Way] = {}
    for name, each in destinations.items():
        if each.kind not in PEOPLE:
            continue
        channel = TEXT if each.kind == SMS else EMAIL
        if channel in made:
            raise ValueError(f"[{name}]: {made[channel].destination} is of kind {each.kind} already, and one is enough")
        made[channel] = Way(name, each.settings["link"], each.settings.get("service", SERVICE))
        if not made[channel].link.startswith("https://"):
            raise ValueError(f"[{name}]: link is where people sign in, https://…")
        if channel == TEXT:
            try:
                words.fit(f"{made[channel].link}?notice={'a' * LONG}", made[channel].service)
            except ValueError as error:
                raise ValueError(f"[{name}]: {error}") from None
    return made


def told(settings: Settings, shop: Workshop, destinations: Mapping[str, Destination], deliverer: Deliverer) -> Telling | None:
    """Who tells people, with the queue in which that is decided; None where the deployment has no channel."""
    words, hours = words_of(settings)
    ways = ways_of(destinations, words)
    if not ways:
        return None
    whose = {name: each.organisation for name, each in destinations.items()}
    recipients = Recipients(shop.store, decide, shop.governance.facts, shop.governance.code, whose, open=settings.open)
    recipients.fresh = shop.fresh if shop.following is not None else None
    telling = Telling(shop.store, shop.writes, recipients, shop.mint, shop.clock, words, hours, ways)

    def worker(*more: object) -> NoticesWorker:
        made = NoticesWorker(*more)  # type: ignore[arg-type]
        made.telling, made.arrived = telling, lambda names: deliverer.arrived(names)
        return made

    deliverer.add(QUEUE, TESTER, Nowhere(), DAYS, made=worker)
    return telling


def channel_worker(telling: Telling, deliverer: Deliverer) -> Callable[..., Worker]:
    """Makes the worker of a channel."""

    def worker(name: object, asker: object, sends: object, store: object, contents: object, *more: object) -> Worker:
        made = ChannelWorker(name, asker, sends, store, NoticeContents(telling), *more)  # type: ignore[arg-type]
        made.telling, made.arrived = telling, lambda names: deliverer.arrived([QUEUE, *names])
        return made

    return worker


def routes_of(now: int) -> list[Route]:
    """Which versions are to be told: what a rule has made of which nothing is told yet."""
    where = watched(known(Indexing()), TYPE, f"status=preparation&_tag={RULE}|", now)
    return [Route(QUEUE, QUEUE, ID_ONLY, frozenset((CREATED, UPDATED)), type=TYPE, where=where, became=where)]


def _lines(folder: Traversable | Path, name: str) -> list[str]:
    file = folder.joinpath(name)
    return file.read_text("utf-8").splitlines(keepends=True) if file.is_file() else []
