"""The command ``replay``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interop.cli import completing
from interop.cli.options import (
    Database,
    Engine,
    Feeds,
    Json,
    Mappers,
    ReplayedState,
    TestNumbers,
    Whereabouts,
    of_engine,
)


def add(app: typer.Typer) -> None:
    """Add the command to the console script."""
    app.command()(replay)


@of_engine
def replay(
    messages: Annotated[list[int] | None, typer.Argument(help="Numbers of messages (interop messages); else a filter.")] = None,
    feed: Annotated[str, typer.Option(help="Only this feed.", autocompletion=completing.feeds)] = "",
    type: Annotated[str, typer.Option(help="Only this message type, such as ADT^A08.", autocompletion=completing.messages)] = "",
    state: ReplayedState = "",
    reason: Annotated[
        str, typer.Option(help="Only this reason of the error table, such as unknown-trigger.", autocompletion=completing.reasons)
    ] = "",
    control_id: Annotated[str, typer.Option(help="Only this control id.")] = "",
    since: Annotated[str, typer.Option(help="Only what was received since: 7d, 12h, 30m ago, or a time.")] = "",
    until: Annotated[str, typer.Option(help="Only what was received before.")] = "",
    all: Annotated[bool, typer.Option("--all", help="Every message, where there is no filter.")] = False,
    resume: Annotated[
        str,
        typer.Option(
            help="A feed that stands still for a message that was shelved: apply what it holds back, and let it go on.",
            autocompletion=completing.feeds,
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask: replay.")] = False,
    tables: Annotated[
        Path | None, typer.Option(help="With --dry-run: by the tables of this directory, beside the engine; nothing is written.")
    ] = None,
    values: Annotated[
        bool, typer.Option("--values", help="With --dry-run: also what the elements say, read beside the engine from --data.")
    ] = False,
    batch: Annotated[int, typer.Option(min=1, max=1_000, help="Messages of a batch.")] = 200,
    pause: Annotated[float, typer.Option(min=0, help="Seconds between two batches.")] = 0.2,
    examples: Annotated[int, typer.Option(min=0, help="Examples of each path.")] = 3,
    *,
    engine: Engine,
    database: Database = None,
    mappers: Mappers = None,
    feeds: Feeds = None,
    test_numbers: TestNumbers = False,
    whereabouts: Whereabouts = False,
    as_json: Json = False,
) -> None:
    """Map messages again by the tables of today, through the running engine: tells what would change and asks before it does."""
    from interop.cli.replay import Beside, Which, paced
    from interop.cli.replay import replay as run

    which = Which(tuple(messages or ()), feed, type, state, reason, control_id, since, until, all, resume)
    beside = Beside(tables, values, engine.data, database, mappers, feeds, test_numbers, whereabouts)
    pace = paced(batch, pause, examples)
    raise typer.Exit(run(engine, which, beside, pace, dry_run=dry_run, yes=yes, as_json=as_json))
