"""What a search asks for and this server does not answer."""

from __future__ import annotations


class Unsupported(Exception):
    """A parameter, modifier or result parameter that is not answered; ``why`` is for the client."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
