"""The API over what was recorded of people, as of the other sections that call it."""

from tests.spec.api.conftest import anyio_backend, client, clock, place, services, store

__all__ = ["anyio_backend", "client", "clock", "place", "services", "store"]
