"""NHS 111, out-of-hours and ambulance reports: CDA documents in ITK distribution envelopes over SOAP."""

from adapters.nhs111.adapter import Nhs111

__all__ = ["Nhs111", "adapter"]

adapter = Nhs111()
