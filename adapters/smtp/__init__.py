"""E-mail to people, by a mail server of the deployment's choice (SMTP, RFC 5321)."""

from adapters.smtp.courier import Smtp

__all__ = ["Smtp", "carrier"]

carrier = Smtp()
