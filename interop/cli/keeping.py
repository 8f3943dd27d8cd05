"""The commands that keep what there is, and bring it back: ``backup``, ``restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interop.cli.options import AuditKey, Checkpoints, Data, Database, Engine, Feeds, Json, of_engine

Passphrase = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="A file with the passphrase that encrypts the backup.", envvar="INTEROP_PASSPHRASE_FILE"
    ),
]


retention = typer.Typer(help="Let go of what the settings no longer keep, in a running engine.", no_args_is_help=True)


def add(app: typer.Typer) -> None:
    """Add the commands to the console script."""
    app.command()(backup)
    app.command()(restore)
    app.add_typer(retention, name="retention")


def backup(
    directory: Annotated[Path, typer.Argument(help="Where it goes: a new or empty directory, on another disk or host.")],
    data: Data = Path("data"),
    database: Database = None,
    checkpoints: Checkpoints = None,
    audit_key: AuditKey = None,
    feeds: Feeds = None,
    passphrase_file: Passphrase = None,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Leave the key files out: then keep them elsewhere, nothing is restored without.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Back up the data directory, beside a running engine or of a stopped one."""
    from interop.cli.backup import backup as run

    source = {"data": data, "database": database, "checkpoints": checkpoints, "audit_key": audit_key, "feeds": feeds}
    raise typer.Exit(run(directory, source, passphrase_file, without_keys=without_keys, as_json=as_json))


def restore(
    backup: Annotated[Path, typer.Argument(help="The directory of a backup.")],
    data: Data = Path("data"),
    database: Database = None,
    checkpoints: Checkpoints = None,
    passphrase_file: Passphrase = None,
    keys: Annotated[Path | None, typer.Option(help="Where the key files are, of a backup that was made without.")] = None,
    public: Annotated[str, typer.Option(help="Only what this key of the audit has signed: its public half, in hexadecimal.")] = "",
    as_json: Json = False,
) -> None:
    """Put a backup in the place of a data directory that is new or empty, and say how far it goes."""
    from interop.cli.backup import restore as run

    target = {"data": data, "database": database, "checkpoints": checkpoints}
    raise typer.Exit(run(backup, target, passphrase_file, keys, public, as_json=as_json))


@retention.command("run")
@of_engine
def retention_run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Let go of it, in portions; reading and taking in go on."""
    from interop.cli.retention import run

    raise typer.Exit(run(engine, dry_run=dry_run, as_json=as_json))


@retention.command("certificates")
def retention_certificates(
    data: Data = Path("data"),
    checkpoints: Checkpoints = None,
    public: Annotated[str, typer.Option(help="Instead of the audit's key its public half, in hexadecimal.")] = "",
    as_json: Json = False,
) -> None:
    """Show what was purged of sources that have withdrawn, and whether each certificate is as it was signed."""
    from interop.cli.retention import certificates

    raise typer.Exit(certificates(data, checkpoints, public, as_json=as_json))
