"""Search extraction: the index rows of a resource, and what search values are compared as."""

from interop.fhir.rows import EARLIEST, HIGHEST, LATEST, LOWEST, IndexRow
from interop.fhir.searching.composites import components
from interop.fhir.searching.dates import interval
from interop.fhir.searching.index import STORED, caseless, index_rows, indexable, usable
from interop.fhir.searching.quantities import asked_units, base_units
from interop.fhir.searching.text import normalise, unpunctuated

__all__ = [
    "EARLIEST",
    "HIGHEST",
    "LATEST",
    "LOWEST",
    "STORED",
    "IndexRow",
    "asked_units",
    "base_units",
    "caseless",
    "components",
    "index_rows",
    "indexable",
    "interval",
    "normalise",
    "unpunctuated",
    "usable",
]
