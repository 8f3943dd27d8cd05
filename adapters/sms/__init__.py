"""Text messages to people, through a gateway: GOV.UK Notify, or another that is installed (``interop.gateways``)."""

from adapters.sms.courier import Sms
from adapters.sms.notify import GovUkNotify

__all__ = ["Sms", "carrier", "govuk"]

carrier = Sms()
govuk = GovUkNotify()
