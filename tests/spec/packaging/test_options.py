"""What a command offers it heeds."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

import pytest
from typer import Typer
from typer.models import CommandInfo

from interop.cli.main import app


def commands(of: Typer = app) -> Iterator[CommandInfo]:
    yield from of.registered_commands
    for group in of.registered_groups:
        assert group.typer_instance is not None
        yield from commands(group.typer_instance)


@pytest.mark.parametrize("command", [pytest.param(each, id=each.callback.__qualname__) for each in commands() if each.callback])
def test_each_argument_and_option_is_heeded(command: CommandInfo) -> None:
    """One that is taken and passed to nobody would be a promise that is not kept."""
    assert command.callback is not None
    (function,) = ast.parse(inspect.getsource(command.callback)).body
    assert isinstance(function, ast.FunctionDef)
    heeded = {node.id for part in function.body for node in ast.walk(part) if isinstance(node, ast.Name)}
    assert {each.arg for each in (*function.args.args, *function.args.kwonlyargs)} <= heeded
