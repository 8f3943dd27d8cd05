"""Pages are asked for over HTTP, of a running engine with three people in it; no browser is started."""

from __future__ import annotations

from tests.spec.browser.conftest import anyio_backend, contexts, fresh, site, three

__all__ = ["anyio_backend", "contexts", "fresh", "site", "three"]
