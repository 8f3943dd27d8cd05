"""GP Connect (FHIR STU3): structured records and appointments of GP practices, as JSON."""

from adapters.gpconnect.adapter import GpConnect

__all__ = ["GpConnect", "adapter"]

adapter = GpConnect()
"""The adapter of the family ``gpconnect``."""
