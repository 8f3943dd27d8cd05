"""Keys of the scope: what the row of a request says that only who answers it knows."""

from __future__ import annotations

from typing import Final

WHY: Final = "interop.why"
"""Key of the scope: why somebody was not let in, a word of ours."""
OFFLINE: Final = "interop.offline"
"""Key of the scope: when a copy was opened that had been given before, an instant."""
REASON: Final = "interop.reason"
"""Key of the scope: for what reason somebody asks, a code of ours."""
DOING: Final = "interop.doing"
"""Key of the scope: which operation it is that a part of the API other than FHIR does, ``$message-content``."""
MARK: Final = "interop.mark"
"""Key of the scope: which rule of the privacy officer's queue (``interop.audit.privacy``) what is given falls under."""
MESSAGE_READ: Final = "interop.message"
"""Key of the scope: the number of the message that is given."""
SIGNING: Final = "interop.signing"
"""Key of the scope: that somebody signs on or off by this request, ``sign-on`` or ``sign-off``."""
