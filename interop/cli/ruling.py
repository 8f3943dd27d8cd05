"""The commands of rules: ``rules check``, ``rules try``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interop.cli.options import Data, Database, Feeds, Json, TestNumbers

Site = Annotated[Path | None, typer.Argument(help="A folder of a site's rows, laid over ours; without it ours as they are.")]
rules = typer.Typer(help="The rules by which the record acts (interop serve --rules).", no_args_is_help=True)


def add(app: typer.Typer) -> None:
    """Add the commands to the console script."""
    app.add_typer(rules, name="rules")


@rules.command()
def check(site: Site = None, as_json: Json = False) -> None:
    """Read the tables as a start does: how many rules there are, or each row that cannot be right, with why."""
    from interop.cli.rules import check as run

    raise typer.Exit(run(site, as_json=as_json))


@rules.command("try")
def try_(
    site: Site = None,
    last: Annotated[str, typer.Option(help="How far back: 7d, 12h, 30m; the queue holds 30 days.")] = "7d",
    data: Data = Path("data"),
    database: Database = None,
    feeds: Feeds = None,
    test_numbers: TestNumbers = False,
    as_json: Json = False,
) -> None:
    """Tell what tables would have done of what the rules looked at lately, beside the engine; nothing is written."""
    from interop.cli.rules import try_ as run

    raise typer.Exit(run(site, last, data, database, feeds, test_numbers, as_json=as_json))
