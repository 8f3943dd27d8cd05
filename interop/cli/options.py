"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ENGINE = "http://127.0.0.1:8080"
"""Where an engine listens unless it is told otherwise."""
Data = Annotated[Path, typer.Option(help="The data directory.", envvar="INTEROP_DATA")]
Url = Annotated[str, typer.Option("--url", help="The running engine.", envvar="INTEROP_URL")]
Token = Annotated[
    str, typer.Option(help="With which to sign on; without it the demonstration's, from the key in --data.", envvar="INTEROP_TOKEN")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON line for each result.")]
Whereabouts = Annotated[bool, typer.Option("--whereabouts", help="Also of people who hide where they are.")]
