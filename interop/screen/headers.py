"""Headers of a page: what a browser may do with it (CSP 3), and that nobody keeps it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Final

READY: Final = (
    "document.body.className += ' js-enabled' + ('noModule' in HTMLScriptElement.prototype ? ' nhsuk-frontend-supported' : '');"
)
"""The one script that stands in each page: the design system's own template has it."""
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        f"script-src 'self' 'sha256-{b64encode(sha256(READY.encode()).digest()).decode()}'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
PAGE: Final = {
    "content-security-policy": POLICY,
    # by no-referrer a browser would hide from us, too, that a form is ours (Fetch, Origin header)
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
"""Of every page: it may be about a person, so no cache has it."""
