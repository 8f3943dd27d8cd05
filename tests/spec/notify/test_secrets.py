"""What the endpoint of a Subscription knows a sender by: a colleague's token reads and writes round it, an export leaves it out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from interop.policy.secrets import masked, unmasked
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Read
from tests.spec.engine.running import client, running
from tests.spec.notify.subscribing import subscription
from tests.spec.notify.test_subscriptions import SECRET
from tests.spec.signon.conftest import Site
from tests.spec.signon.conftest import clock as clock
from tests.spec.signon.conftest import site as site

pytestmark = pytest.mark.anyio
JSON = "application/fhir+json"
URL = "https://93.184.215.14/in"


async def put(site: Site, resource: dict[str, Any], who: str) -> httpx.Response:
    token = site.token(sub=who, role="system", organisation="RA1", scope="system/Subscription.cruds")
    path = f"/fhir/Subscription/{resource['id']}" if "id" in resource else "/fhir/Subscription"
    headers = {"authorization": f"Bearer {token}", "content-type": JSON}
    return await site.http.request("PUT" if "id" in resource else "POST", path, json=resource, headers=headers)


async def test_a_colleague_writes_over_it_without_having_seen_it(site: Site) -> None:
    made = await put(site, subscription(URL, "Location", header=[SECRET]), "one")
    assert made.status_code == 201
    assert made.json()["channel"]["header"] == ["Authorization: ***"]
    answer = await put(site, {**made.json(), "reason": "beds"}, "other")
    assert (answer.status_code, answer.json()["channel"]["header"]) == (200, ["Authorization: ***"])
    again = await put(site, answer.json(), "other")
    assert (again.headers["etag"], again.json()["channel"]["header"]) == ('W/"2"', ["Authorization: ***"])
    assert (
        await put(site, {**made.json(), "channel": {**made.json()["channel"], "endpoint": f"{URL}/2"}}, "other")
    ).status_code == 422


async def test_an_export_leaves_it_out(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        made = await http.post("/fhir/Subscription", json=subscription(URL, header=[SECRET]), headers={"content-type": JSON})
        begun = await http.get("/fhir/$export?_type=Subscription", headers={"prefer": "respond-async"})
        place = httpx.URL(begun.headers["content-location"]).raw_path.decode()
        async with asyncio.timeout(20):
            while (done := await http.get(place)).status_code == 202:
                await asyncio.sleep(0.01)
        (file,) = done.json()["output"]
        given = (await http.get(httpx.URL(file["url"]).raw_path.decode())).text
        assert "Authorization: ***" in given
        assert "their-own" not in given
        (kept,) = await engine.workshop.store.query(Read(PERMIT_ALL, "Subscription", made.json()["id"]))
        assert b"Bearer their-own" in kept.body


def test_what_has_no_header_is_the_same_bytes() -> None:
    assert (
        masked("Subscription", body := b'{"resourceType":"Subscription","reason":"header","channel":{"type":"rest-hook"}}') is body
    )
    assert masked("Basic", body := b'{"resourceType":"Basic","header":["X: y"]}') is body
    said = subscription(URL, header=[SECRET])
    assert unmasked(said, b"") is said
