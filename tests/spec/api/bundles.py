"""Bundles of requests, and what comes back."""

from __future__ import annotations

from typing import Any

import httpx
import orjson

from tests.spec.api.conftest import Client

Entry = dict[str, Any]


def entry(method: str, url: str, resource: dict[str, Any] | None = None, full_url: str = "", **conditions: str) -> Entry:
    """An entry that asks for something."""
    made: Entry = {"request": {"method": method, "url": url, **conditions}}
    if resource is not None:
        made["resource"] = resource
    if full_url:
        made["fullUrl"] = full_url
    return made


async def post(client: Client, kind: str, *entries: Entry, **headers: str) -> httpx.Response:
    """Send a Bundle of that type to the base."""
    return await client.send("POST", "/fhir", orjson.dumps({"resourceType": "Bundle", "type": kind, "entry": entries}), **headers)


def statuses(answer: httpx.Response) -> list[str]:
    """The status of each entry, its number alone."""
    assert answer.status_code == 200, answer.text
    return [one["response"]["status"][:3] for one in answer.json().get("entry", [])]


def locations(answer: httpx.Response) -> list[str]:
    """Where each entry says that its resource is, without the version; '' where it does not."""
    return [one["response"].get("location", "").partition("/_history")[0] for one in answer.json()["entry"]]
