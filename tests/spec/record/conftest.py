"""A record with fold and precedence tables of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from interop.mapping.tables import Shared
from interop.record import fold, state


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Shared], None]]:
    """``tables(Shared(...))``: the shared tables that state and fold read."""

    def use(shared: Shared) -> None:
        for module in (fold, state):
            monkeypatch.setattr(module, "shared_tables", lambda: shared)
        state.merged_by.cache_clear()

    yield use
    state.merged_by.cache_clear()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
