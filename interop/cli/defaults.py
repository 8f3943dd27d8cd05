"""What the engine's file of settings says holds for every command that speaks of the same engine."""

from __future__ import annotations

import os
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from interop.cli.shown import Colours, wrong

NO_COLOR: Final = "--no-color"

NAMES: Final = ("data", "database", "feeds", "test_numbers", "issuer", "checkpoints", "audit_key", "clients", "apps")
"""Settings that mean in each command what they mean to the engine."""
SWITCHES: Final = ("test_numbers",)
"""Those of them that are yes or no."""


class Commands(TyperGroup):
    """All commands. ``--no-color`` may stand behind any of them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take it to the front."""
        ours = args[: args.index("--")] if "--" in args else args
        if NO_COLOR in ours:
            args = [NO_COLOR, *(each for each in ours if each != NO_COLOR), *args[len(ours) :]]
        return super().parse_args(ctx, args)


def add(app: typer.Typer) -> None:
    """Let ``INTEROP_CONFIG`` give the defaults of all commands."""
    app.callback(cls=Commands)(defaults)


def defaults(
    context: typer.Context,
    no_color: Annotated[bool, typer.Option(NO_COLOR, help="No colours; as NO_COLOR. It may stand anywhere.")] = False,
) -> None:
    """Command line and environment come before the file; ``serve`` and ``check-config`` read it themselves."""
    Colours.allowed = not no_color
    file = os.environ.get("INTEROP_CONFIG")
    if not file or context.invoked_subcommand in ("serve", "check-config"):
        return
    from pathlib import Path

    from interop.app.configuration import read_file
    from interop.mapping.places import VARIABLE, holding, use

    try:
        held = read_file(Path(file))
        if isinstance(tables := held.get("mappings"), Path) and not os.environ.get(VARIABLE):
            use(holding(tables))
    except (OSError, ValueError) as error:
        raise typer.Exit(wrong(f"INTEROP_CONFIG: {error}. interop check-config says more.")) from None
    said = {name: str(value) if not isinstance(value, bool) else value for name, value in held.items() if name in NAMES}
    context.default_map = _for_all(context.command, said)


def _for_all(command: Any, said: dict[str, Any]) -> dict[str, Any]:
    """For each command of a group and of the groups in it."""
    return {name: _for_all(each, said) if hasattr(each, "commands") else _of(each, said) for name, each in command.commands.items()}


def _of(command: Any, said: dict[str, Any]) -> dict[str, Any]:
    """What its options of the same kind take: ``messages --feeds`` is a switch, where the setting is a file."""
    switches = {each.name for each in command.params if getattr(each, "is_flag", False)}
    return {name: value for name, value in said.items() if name in SWITCHES or name not in switches}
