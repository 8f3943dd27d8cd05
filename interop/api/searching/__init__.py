"""Search requests compiled to the store's query tree (FHIR R4 search, 3.1.1)."""

from interop.api.searching.query import Include, Query, understand

__all__ = ["Include", "Query", "understand"]
