"""The NHS e-Referral Service: FHIR STU3 resources as JSON, single, in bundles, or a line each."""

from adapters.ers.adapter import Ers

__all__ = ["Ers", "adapter"]

adapter = Ers()
