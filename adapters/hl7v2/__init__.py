"""HL7 version 2 over MLLP: ITK 2.4 and the international versions 2.1 to 2.8."""

from adapters.hl7v2.adapter import Hl7v2
from adapters.hl7v2.courier import MllpCarrier
from adapters.hl7v2.server import MllpListener

__all__ = ["Hl7v2", "MllpCarrier", "MllpListener", "adapter", "carrier"]

adapter = Hl7v2()
carrier = MllpCarrier()
