"""Documents in FHIR STU3 (ITK3 Transfer of Care, ambulance handover): message or document Bundles, JSON or XML."""

from adapters.documents.adapter import Documents

__all__ = ["Documents", "adapter"]

adapter = Documents()
"""The adapter of the family ``documents``."""
