"""FHIR R4 as a provider's server has it: single resources and Bundles that are no messages or documents, in JSON or XML."""

from adapters.r4.adapter import R4

__all__ = ["R4", "adapter"]

adapter = R4()
"""The adapter of the family ``r4``."""
