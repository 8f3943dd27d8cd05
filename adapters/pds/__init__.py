"""The Personal Demographics Service of the NHS in England, FHIR R4 API, application-restricted access."""

from adapters.pds.client import Pds
from adapters.pds.service import Service

__all__ = ["Pds", "service"]

service = Service()
"""Connects an engine to the service."""
