"""Plain HTTP reads of a server on loopback."""

from __future__ import annotations

import http.client
import json
from typing import Any

from conformance.bench.report import WrongOutcome


def get(port: int, path: str) -> bytes:
    """The body of a GET; raises WrongOutcome where the answer is not 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Accept": "*/*"})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise WrongOutcome(f"GET {path.partition('?')[0]} answered {answer.status}")
    return body


class Reader:
    """Searches over one connection that is kept."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def json(self, path: str) -> Any:
        """The JSON of a GET; raises WrongOutcome where the answer is not 200."""
        self._connection.request("GET", path, headers={"Accept": "application/fhir+json"})
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise WrongOutcome(f"GET {path.partition('?')[0]} answered {answer.status}")
        return json.loads(body)

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()
