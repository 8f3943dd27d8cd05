"""The Booking and Referral Standard (BaRS): FHIR R4 message Bundles, JSON or XML, posted to ``$process-message`` or in files."""

from adapters.bars.adapter import Bars

__all__ = ["Bars", "adapter"]

adapter = Bars()
"""The adapter of the family ``bars``."""
