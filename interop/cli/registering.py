"""The commands of who may sign on: ``token``, ``client``, ``application``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interop.cli import completing
from interop.cli.completing import words
from interop.cli.options import Data, Issuer, Json


def add(app: typer.Typer) -> None:
    """Add the commands to the console script."""
    app.command()(token)
    app.command()(client)
    app.command()(application)


def token(
    data: Data = Path("data"),
    issuer: Issuer = None,
    role: Annotated[
        str, typer.Option(help="A role of interop/policy/tables/roles.csv.", autocompletion=completing.roles)
    ] = "tester",
    org: Annotated[str, typer.Option(help="The ODS code of its organisation.")] = "",
    user: Annotated[str, typer.Option(help="Who it is, at the embedded issuer; demo-ROLE unless given.")] = "",
    patient: Annotated[str, typer.Option(help="The id of the one Patient whom it is about.")] = "",
    scope: Annotated[str, typer.Option(help="SMART scopes; all that the role may unless given.")] = "",
    purpose: Annotated[
        str, typer.Option(help="What for: direct-care, emergency, own-record, administration …", autocompletion=completing.purposes)
    ] = "",
    feed: Annotated[
        str, typer.Option(help="The feed under which it may send messages; * = any.", autocompletion=completing.feeds)
    ] = "",
    minutes: Annotated[int, typer.Option(min=1, max=43_200, help="How long it is good.")] = 60,
    rotate: Annotated[bool, typer.Option("--rotate", help="Instead: a new key signs from now on.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="With --rotate: what was signed before is void at once.")] = False,
    as_json: Json = False,
) -> None:
    """Make a token of the embedded issuer, for demonstrations, or a new key."""
    from interop.cli.token import rotate as renew
    from interop.cli.token import token as run

    if rotate:
        raise typer.Exit(renew(data, withdraw=withdraw, as_json=as_json))
    raise typer.Exit(
        run(
            data,
            issuer=issuer,
            role=role,
            organisation=org,
            user=user,
            patient=patient,
            scope=scope,
            purpose=purpose,
            feed=feed,
            minutes=minutes,
            as_json=as_json,
        )
    )


def client(
    id: Annotated[str, typer.Argument(help="The client; without it all are listed.", autocompletion=completing.clients)] = "",
    data: Data = Path("data"),
    clients: Annotated[
        Path | None, typer.Option(help="The file; clients.json in --data unless given.", envvar="INTEROP_CLIENTS")
    ] = None,
    jwks: Annotated[str, typer.Option(help="Its public keys: a file with a JSON Web Key Set, or the URL where one is.")] = "",
    scope: Annotated[str, typer.Option(help="What it may ask for at most, such as system/*.rs.")] = "",
    org: Annotated[str, typer.Option(help="The ODS code of its organisation.")] = "",
    role: Annotated[
        str, typer.Option(help="system, feed, analyst or operator.", autocompletion=words(*completing.CLIENTS))
    ] = "system",
    feed: Annotated[str, typer.Option(help="The feed under which it may send messages.", autocompletion=completing.feeds)] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Take it out.")] = False,
    as_json: Json = False,
) -> None:
    """Register a backend service that signs on by itself, take one out, or list them."""
    from interop.cli import client as run

    if not id:
        raise typer.Exit(run.clients(data, clients, as_json=as_json))
    if remove:
        raise typer.Exit(run.remove(data, clients, id, as_json=as_json))
    said = {"scope": scope, "organisation": org, "role": role, "feed": feed}
    raise typer.Exit(run.register(data, clients, id, said, jwks, as_json=as_json))


def application(
    id: Annotated[
        str, typer.Argument(help="The application; without it all are listed.", autocompletion=completing.applications)
    ] = "",
    data: Data = Path("data"),
    apps: Annotated[Path | None, typer.Option(help="The file; apps.json in --data unless given.", envvar="INTEROP_APPS")] = None,
    name: Annotated[str, typer.Option(help="What the sign-on page calls it.")] = "",
    redirect: Annotated[list[str] | None, typer.Option(help="An address that codes go to; may be repeated.")] = None,
    scope: Annotated[str, typer.Option(help="What it may ask for at most, such as patient/*.rs; everything unless given.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Take it out.")] = False,
    as_json: Json = False,
) -> None:
    """Register an application through which people sign on, take one out, or list them."""
    from interop.cli import application as run

    if not id:
        raise typer.Exit(run.applications(data, apps, as_json=as_json))
    if remove:
        raise typer.Exit(run.remove(data, apps, id, as_json=as_json))
    raise typer.Exit(run.register(data, apps, id, name, redirect or [], scope, as_json=as_json))
