"""Search requests compiled to the store's query tree (FHIR R4 search, 3.1.1)."""

from interop.api.searching.ground import Ground
from interop.api.searching.query import understand
from interop.api.searching.results import Include, Query

__all__ = ["Ground", "Include", "Query", "understand"]
