"""A server to judge: an engine of this environment on a free port of loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from conformance.bench.server import Server
from conformance.cli import app


@pytest.fixture(scope="package")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of its FHIR API."""
    with Server(tmp_path_factory.mktemp("judged"), mappers=0) as server:
        yield f"http://127.0.0.1:{server.http}/fhir"


@pytest.fixture
def judged(base: str) -> Callable[..., Result]:
    """``judged("search", path, ...)``: the command against that server."""

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [*map(str, arguments), "--server", base])

    return run
