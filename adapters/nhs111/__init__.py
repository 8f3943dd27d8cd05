"""NHS 111, out-of-hours and ambulance reports: CDA documents in ITK distribution envelopes over SOAP."""

from adapters.nhs111.adapter import Nhs111
from adapters.nhs111.courier import ItkCarrier

__all__ = ["ItkCarrier", "Nhs111", "adapter", "carrier"]

adapter = Nhs111()
carrier = ItkCarrier()
