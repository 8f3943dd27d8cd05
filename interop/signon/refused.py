"""Why nobody was let in."""

from __future__ import annotations


class Refused(Exception):
    """A token, an assertion or a request for one is not good. ``why`` is one of a few plain words for the audit (``expired``,
    ``audience``, ``signature``): whoever asks is never told it, and it holds nothing of what was sent."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
