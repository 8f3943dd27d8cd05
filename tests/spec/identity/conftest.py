"""An engine with empty data, mapping on its loop, and an HTTP client of it."""

from __future__ import annotations

from tests.spec.engine.conftest import anyio_backend, engine, http

__all__ = ["anyio_backend", "engine", "http"]
