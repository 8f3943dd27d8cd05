"""What a shell offers for the values of arguments and options: words of the tables in the package, names of the files that the
deployment names. No engine is asked, no database is opened, nobody's data is read; what cannot be read offers nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import wraps
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from textwrap import shorten
from typing import Any, Final

import typer

Offer = tuple[str, str]
"""A value, and what it means ('' where it says that itself)."""
Offers = Callable[[typer.Context], Iterable[Offer]]

PACE: Final = ("journalled", "applied")
DELIVERIES: Final = ("pending", "sent", "shelved", "withheld", "dropped")
ACKNOWLEDGEMENTS: Final = ("awaited", "passed", "acknowledged", "refused", "missing")
DECISIONS: Final = ("given", "refused", "withdrawn")
OUTCOMES: Final = ("justified", "not-justified", "follow-up")
CLIENTS: Final = ("system", "feed", "analyst", "operator")
FORMS: Final = ("xml", "json", "csv")
WORK: Final = ("ingest,worker,api", "ingest", "worker", "api")
CONSENT: Final = ("explicit", "implied")
ASKED: Final = ("unverified", "all")
LONGEST: Final = 60
"""Characters of a meaning."""
_WORD: Final = re.compile(r"[\w.,:+@^*/-]+")
RULES: Final = "rules"
"""The queue of the rules, beside those of the destinations."""


def _offering(offers: Offers) -> Callable[[typer.Context], list[Offer]]:
    """As typer calls it: sorted, once each, nothing where a file is absent or is not what it should be. What a shell could take for
    more than a word is not offered, and a meaning is one short line: shells take another line for another value."""

    @wraps(offers)
    def offered(ctx: typer.Context) -> list[Offer]:
        found: dict[str, str] = {}
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            for value, meaning in offers(ctx):
                if _WORD.fullmatch(value):
                    found.setdefault(value, "" if "[" in meaning else shorten(meaning, LONGEST, placeholder=" …"))
        return sorted(found.items())

    return offered


def words(*of: str) -> Callable[[], list[str]]:
    """Some of a fixed list."""
    return lambda: list(of)


@_offering
def feeds(ctx: typer.Context) -> Iterator[Offer]:
    """The feeds file's; without one those that an engine opens by itself, one for each adapter."""
    if file := _setting(ctx, "feeds"):
        yield from ((row["feed"], row.get("description", "")) for row in _rows(file))
        return
    from importlib.metadata import entry_points

    for point in entry_points(group="interop.adapters"):
        yield point.name, ""


@_offering
def sources(ctx: typer.Context) -> Iterator[Offer]:
    """The tables of the sources file."""
    place = Path(ctx.params.get("sources") or os.environ.get("INTEROP_SOURCES") or "sources.toml")
    yield from ((name, "") for name in _toml(place))


@_offering
def destinations(ctx: typer.Context) -> Iterator[Offer]:
    """Those of the deployment's file, and the rules' own queue."""
    yield RULES, "What the rules look at"
    if file := _setting(ctx, "destinations"):
        yield from ((name, str(held.get("kind", ""))) for name, held in _toml(file).items())


@_offering
def clients(ctx: typer.Context) -> Iterator[Offer]:
    """Backend services that are registered."""
    yield from ((each["id"], each.get("organisation", "")) for each in _held(ctx, "clients", "clients.json"))


@_offering
def applications(ctx: typer.Context) -> Iterator[Offer]:
    """Applications that are registered."""
    yield from ((each["id"], each.get("name", "")) for each in _held(ctx, "apps", "apps.json"))


@_offering
def families(ctx: typer.Context) -> Iterator[Offer]:
    """Families of mapping tables."""
    yield from ((folder.name, "") for folder in _families())


@_offering
def sites(ctx: typer.Context) -> Iterator[Offer]:
    """Sites of the family that was named, or of all."""
    for folder in _families():
        place = folder.joinpath("sites")
        if ctx.params.get("family") in (None, folder.name) and place.is_dir():
            yield from ((each.name, folder.name) for each in place.iterdir() if each.is_dir())


@_offering
def messages(ctx: typer.Context) -> Iterator[Offer]:
    """Message types that tables are routed by."""
    for folder in _families():
        yield from ((row["message"], row["why"]) for row in _rows(folder.joinpath("routes.csv")))


@_offering
def worklists(ctx: typer.Context) -> Iterator[Offer]:
    """Lists that a command may ask for."""
    rows = _rows(_tables("worklists").joinpath("lists.csv"))
    yield from ((row["id"], row["title"]) for row in rows if not row["at"])


@_offering
def clocks(ctx: typer.Context) -> Iterator[Offer]:
    """Clocks that rules begin."""
    yield from ((row["clock"], row["display"]) for row in _rows(_tables("rules").joinpath("clocks.csv")))


@_offering
def roles(ctx: typer.Context) -> Iterator[Offer]:
    """Roles of the policy."""
    yield from ((row["role"], row["why"]) for row in _policy("roles"))


@_offering
def purposes(ctx: typer.Context) -> Iterator[Offer]:
    """What something may be asked for."""
    yield from ((row["purpose"], row["why"]) for row in _policy("purposes"))


@_offering
def labels(ctx: typer.Context) -> Iterator[Offer]:
    """What a consent of its own is asked for."""
    yield from ((row["consent"], row["why"]) for row in _policy("labels") if row["consent"])


@_offering
def types(ctx: typer.Context) -> Iterator[Offer]:
    """Resource types of the record."""
    yield from ((row["type"], "") for row in _policy("types"))


@_offering
def reasons(ctx: typer.Context) -> Iterator[Offer]:
    """Reasons of the error table."""
    yield from ((row["name"], row["sentence"]) for row in _rows(files("interop.errors").joinpath("table.csv")))


def _rows(place: Traversable) -> list[dict[str, str]]:
    import csv

    return list(csv.DictReader(place.read_text("utf-8").splitlines(keepends=True)))


def _toml(place: Path) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(place.read_text("utf-8"))


def _policy(name: str) -> list[dict[str, str]]:
    return _rows(files("interop.policy").joinpath("tables", f"{name}.csv"))


def _tables(folder: str) -> Traversable:
    """A folder of the mappings; the packaged one where a directory of tables has none."""
    from interop.mapping.places import mappings_root

    place = mappings_root().joinpath(folder)
    return place if place.is_dir() else files("mappings").joinpath(folder)


def _families() -> list[Traversable]:
    from interop.mapping.places import mappings_root

    return [each for each in mappings_root().iterdir() if each.is_dir() and each.joinpath("routes.csv").is_file()]


def _setting(ctx: typer.Context, name: str) -> Path | None:
    """A file by option, environment or the engine's file of settings, whose paths are relative to its folder."""
    given = ctx.params.get(name) if not isinstance(ctx.params.get(name), bool) else None
    if said := given or os.environ.get(f"INTEROP_{name.upper()}"):
        return Path(said)
    config = ctx.params.get("config") or os.environ.get("INTEROP_CONFIG")
    held = _toml(Path(config)).get(name) if config else None
    return Path(config).parent / str(held) if config and held else None


def _held(ctx: typer.Context, name: str, file: str) -> list[dict[str, Any]]:
    import json

    data = _setting(ctx, "data") or Path("data")
    found: list[dict[str, Any]] = json.loads((_setting(ctx, name) or data / file).read_text("utf-8"))[name]
    return found
