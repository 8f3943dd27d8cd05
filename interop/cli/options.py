"""Options that several commands have."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from interop.cli.completing import words
from interop.ports.receipt import MessageState

ENGINE = "http://127.0.0.1:8080"
"""Where an engine listens unless it is told otherwise."""
Data = Annotated[Path, typer.Option(help="The data directory.", envvar="INTEROP_DATA")]
Url = Annotated[str, typer.Option("--url", help="The running engine.", envvar="INTEROP_URL")]
Token = Annotated[
    str, typer.Option(help="With which to sign on; without it the demonstration's, from the key in --data.", envvar="INTEROP_TOKEN")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON line for each result.")]
_KEYWORD: Final = inspect.Parameter.KEYWORD_ONLY
_NAMED: Final = (
    inspect.Parameter("url", _KEYWORD, default=ENGINE, annotation=Url),
    inspect.Parameter("token", _KEYWORD, default="", annotation=Token),
    inspect.Parameter("data", _KEYWORD, default=Path("data"), annotation=Data),
)


class Engine(NamedTuple):
    """A running engine, and with what to sign on there."""

    url: str
    token: str
    data: Path


def of_engine(command: Callable[..., None]) -> Callable[..., None]:
    """A command that asks a running engine: --url, --token and --data stand on its command line where it has ``engine``."""
    known = inspect.signature(command, eval_str=True)

    @wraps(command)
    def asking(*, url: str, token: str, data: Path, **said: object) -> None:
        command(engine=Engine(url, token, data), **said)

    told = [each for name, one in known.parameters.items() for each in (_NAMED if name == "engine" else (one,))]
    asking.__signature__ = known.replace(parameters=told)  # type: ignore[attr-defined]
    return asking


REPLAYED = (MessageState.APPLIED, MessageState.REFUSED, MessageState.FAILED, MessageState.SHELVED)
"""States of messages that a filter of a replay may name; what is held goes on with its feed."""


def _state(value: str) -> str:
    if value and value not in {*MessageState}:
        raise typer.BadParameter(f"a message's state is one of {', '.join(MessageState)}")
    return value


def _replayed(value: str) -> str:
    if value == MessageState.HELD:
        raise typer.BadParameter("what is held is applied when its feed goes on: --resume FEED")
    if value and value not in REPLAYED:
        raise typer.BadParameter(f"a state that is replayed is one of {', '.join(REPLAYED)}")
    return value


State = Annotated[
    str,
    typer.Option(help=f"Only this state: {', '.join(MessageState)}.", callback=_state, autocompletion=words(*MessageState)),
]
ReplayedState = Annotated[
    str,
    typer.Option(
        help=f"Only this state: {', '.join(REPLAYED)}; held: with --resume.", callback=_replayed, autocompletion=words(*REPLAYED)
    ),
]
Whereabouts = Annotated[bool, typer.Option("--whereabouts", help="Also of people who hide where they are.")]
Database = Annotated[
    str | None,
    typer.Option(
        help="postgresql://USER@HOST:PORT/NAME: journal and record are there; without it, in the data directory.",
        envvar="INTEROP_DATABASE",
    ),
]
Mappers = Annotated[
    int | None, typer.Option(help="Mapper processes; 0 maps in the owner; default cores - 1.", envvar="INTEROP_MAPPERS")
]
Feeds = Annotated[
    Path | None,
    typer.Option(help="A CSV of feeds; without it a feed opens with its first message.", envvar="INTEROP_FEEDS"),
]
TestNumbers = Annotated[
    bool, typer.Option(help="999 NHS numbers may link records (never in production).", envvar="INTEROP_TEST_NUMBERS")
]
Mappings = Annotated[
    Path | None,
    typer.Option(
        help="A directory of mapping tables in place of the packaged ones (interop tables --write).", envvar="INTEROP_MAPPINGS"
    ),
]
Issuer = Annotated[
    str | None, typer.Option(help="Whose tokens are taken, https://…; without it the embedded issuer's.", envvar="INTEROP_ISSUER")
]
Checkpoints = Annotated[
    Path | None,
    typer.Option(help="Where the audit's signed checkpoints are kept: on another disk or host.", envvar="INTEROP_CHECKPOINTS"),
]
AuditKey = Annotated[
    Path | None,
    typer.Option("--audit-key", help="The file of the audit's key; default DATA/audit.key.", envvar="INTEROP_AUDIT_KEY"),
]
