"""The compiled tables of a family, ready to map; made once a process."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from importlib.resources.abc import Traversable
from types import CodeType
from typing import Any, NamedTuple

from interop.errors import Problem
from interop.formats.er7 import Message
from interop.ids import Mint
from interop.mapping import copying, generated
from interop.mapping.check import understand
from interop.mapping.contribution import Mapped
from interop.mapping.emit import emit
from interop.mapping.er7_access import Er7
from interop.mapping.finishing import finish
from interop.mapping.labels import Labeller
from interop.mapping.lines import codes_name
from interop.mapping.model import Model
from interop.mapping.runtime import Run, Trace
from interop.ports import Adapter, Carrier, Envelope, Source

GROUP = "interop.adapters"
CARRIERS = "interop.carriers"
_FUNCTIONS = re.compile(r"\n(?=def )")


@cache
def adapters() -> dict[str, Adapter]:
    """The installed adapters by name."""
    return {point.name: point.load() for point in entry_points(group=GROUP)}


@cache
def carriers() -> dict[str, Carrier]:
    """What is installed that carries to destinations, by their kind."""
    return {point.name: point.load() for point in entry_points(group=CARRIERS)}


class Said(NamedTuple):
    """A row in short: its target, its why, its file, and the file of its code table where that is a site's."""

    to: str
    why: str
    file: str
    codes: str = ""


def compiled(source: str, name: str) -> CodeType:
    """A part of a module as code."""
    return compile(source, name, "exec")


class Family:
    """The tables of one family, compiled. ``digest`` identifies the tables, ``model`` is what they say; ``part`` makes code of
    a part of the module's source. ``site`` is the sender for which they hold ('': for all but ``sites``)."""

    def __init__(self, model: Model, traced: bool = False, part: Callable[[str, str], CodeType] = compiled) -> None:
        self.model = model
        self.name = model.tables.family
        self.digest = model.tables.digest
        self.site = model.tables.deviations.site
        self.sites = model.tables.sites
        self.source = emit(model, traced)
        self.cancellable = frozenset(
            (resource.row.type, event)
            for resource in model.resources.values()
            if resource.row.effect.startswith("cancel:")
            for event in resource.row.effect.partition(":")[2].split(",")
        )
        space: dict[str, Any] = {name: getattr(generated, name) for name in generated.__all__}
        space |= {"copy_into": copying.Copier(model, space), "ROUTES": {}, "FILL": {}}
        space |= {codes_name(name): table for name, table in model.tables.codes.items()}
        for text in _FUNCTIONS.split(self.source):  # at once the compiler takes 200 MB for the largest family
            exec(part(text + "\n", f"<tables of {self.name}>"), space)
        self.space = space
        """What generated code sees by name; code tables can be exchanged in it."""
        self.labeller = Labeller(model)
        self._routes: dict[str, Callable[[Run, Any], None]] = space["ROUTES"]

    @classmethod
    def load(cls, name: str, *, form: str = "", root: Traversable | None = None, traced: bool = False, site: str = "") -> Family:
        """Read, check and compile; ``form`` defaults to that of the adapter of the same name. Raises TablesRefused."""
        return cls(understand(name, form or adapters()[name].format, root, site), traced)

    def rows(self) -> dict[str, Said]:
        """What each row says, by row id."""
        codes = {name: f"{self.model.tables.deviations.folder}/codes/{name}.csv" for name in self.model.tables.deviations.codes}
        return {row.row: Said(row.to, row.why, row.file, codes.get(row.codes, "")) for row in self.model.tables.elements}

    def map(self, source: Source, envelope: Envelope, mint: Mint, trace: Trace | None = None, whose: str = "") -> Mapped:
        """Contributions of one message of the source ``whose`` (``interop.record.sources``; '' where nobody knows, offline). Raises
        Problem ``unknown-trigger`` where there is no route for it."""
        route = self._routes.get(envelope.message)
        if route is None:
            raise Problem("unknown-trigger", detail=_named(envelope.message))
        run = Run(envelope, mint, self.model.tables.shared.systems, trace, whose)
        if isinstance(source, Message):
            run.root.hi = len(source.segments)
            route(run, Er7(source))
        else:
            generated.JOINS.begin(source)
            run.root.fields = source
            route(run, source)
        made = finish(run, self.digest, self.cancellable)
        self.labeller.label(made)
        made.names = run.made
        if trace is None:
            run.root.release()
        return made


@cache
def family(name: str, site: str = "") -> Family:
    """The installed tables of a family, or those that hold for one of its sites."""
    return Family.load(name, site=site)


@cache
def traced_family(name: str, site: str = "") -> Family:
    """The same, compiled with tracing, for lineage."""
    return Family.load(name, traced=True, site=site)


@cache
def check_site(name: str, site: str) -> None:
    """Check the tables of a site, which are compiled when its first message comes; raises TablesRefused."""
    understand(name, adapters()[name].format, site=site)


def family_of(envelope: Envelope, *, traced: bool = False) -> Family:
    """The tables that hold for a message: its family's, or those of the site that sent it."""
    load = traced_family if traced else family
    shared = load(envelope.family)
    return load(envelope.family, envelope.organisation) if envelope.organisation in shared.sites else shared


def _named(message: str) -> str:
    """A message type that may stand in an error: it is the sender's text, so only if it looks like one."""
    return message if len(message) <= 40 and all(letter.isalnum() or letter in "^_-." for letter in message) else ""
