"""``Patient/[id]/$care-plan-contribute``: each author adds a CarePlan of their own, under the ETag of the plan as it was read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from interop.clock import ManualClock
from interop.policy.asker import Asker
from interop.store.sql.store import SqlStore
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client
from tests.spec.api.governed import CREW, GP, WARD, World, record_ann, world
from tests.spec.api.people import contribute, patient, plan
from tests.spec.careplan.plans import planned

pytestmark = pytest.mark.anyio
MINE = {key: value for key, value in planned("x", {"description": "Weigh weekly"}).items() if key not in ("id", "subject")}


@pytest.fixture(autouse=True)
async def _record(store: SqliteStore) -> None:
    await contribute(store, patient("gp"), patient("pas"), patient("b"), persons={"gp": "one", "pas": "one", "b": "two"})
    await contribute(store, plan("p1", "pas", title="Theirs"))


async def tag(client: Client, id: str = "gp", **headers: str) -> str:
    """The ETag of the plan as it is read now."""
    answer = await client.get(f"/fhir/Patient/{id}/$care-plan", **headers)
    assert answer.status_code == 200, answer.text
    return answer.headers["etag"]


async def send(client: Client, resource: dict[str, Any], id: str = "gp", **headers: str) -> httpx.Response:
    return await client.send("POST", f"/fhir/Patient/{id}/$care-plan-contribute", orjson.dumps(resource), **headers)


async def test_a_contribution_is_a_plan_of_its_own_and_part_of_the_umbrella(client: Client) -> None:
    answer = await send(client, MINE, if_match=await tag(client))
    assert answer.status_code == 201
    made = answer.json()
    assert made["subject"] == {"reference": "Patient/gp"}
    (part,) = made["partOf"]
    umbrella = (await client.get(f"/fhir/{part['reference']}")).json()
    assert umbrella["meta"]["tag"][0]["code"] == "umbrella"
    assert "Weigh weekly" in (await client.get("/fhir/Patient/pas/$care-plan")).text
    assert (await client.get("/fhir/CarePlan/p1")).json()["meta"]["versionId"] == "1"


async def test_the_umbrella_is_none_of_the_contributions(client: Client) -> None:
    await send(client, MINE)
    found = (await client.get("/fhir/Patient/gp/$care-plan")).json()
    plans = [each["resource"]["title"] for each in found["entry"] if each["resource"]["resourceType"] == "CarePlan"]
    assert sorted(plans) == ["Plan x", "Theirs"]


async def test_nothing_is_written_where_the_plan_has_changed_since(client: Client) -> None:
    before = await tag(client)
    assert (await send(client, MINE, if_match=before)).status_code == 201
    late = await send(client, MINE, if_match=before)
    assert late.status_code == 412
    assert late.json()["issue"][0]["details"]["coding"][0]["code"] == "stale-version"
    assert (await send(client, MINE, if_match=await tag(client))).status_code == 201


async def test_what_a_feed_has_added_since_counts_too(client: Client, store: SqliteStore) -> None:
    before = await tag(client)
    await contribute(store, plan("p2", "pas"))
    assert (await send(client, MINE, if_match=before)).status_code == 412


async def test_of_several_who_have_read_the_same_plan_one_is_first(client: Client) -> None:
    before = await tag(client)
    answers = await asyncio.gather(*(send(client, MINE, id, if_match=before) for id in ("gp", "pas", "gp", "pas")))
    assert sorted(each.status_code for each in answers) == [201, 412, 412, 412]


async def test_without_if_match_everybody_may_add(client: Client) -> None:
    answers = await asyncio.gather(*(send(client, MINE) for _ in range(3)))
    assert [each.status_code for each in answers] == [201, 201, 201]


async def test_a_star_wants_a_plan_that_is_there(client: Client) -> None:
    assert (await send(client, MINE, "b", if_match="*")).status_code == 412
    assert (await send(client, MINE, if_match="*")).status_code == 201


async def test_an_author_changes_their_own(client: Client) -> None:
    made = (await send(client, MINE)).json()
    made["title"] = "Better"
    answer = await send(client, made, if_match=await tag(client))
    assert (answer.status_code, answer.json()["meta"]["versionId"]) == (200, "2")


async def test_what_a_feed_contributes_is_not_changed(client: Client) -> None:
    answer = await send(client, {**plan("p1", "pas"), "title": "Mine"})
    assert answer.status_code == 403
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "feed-owned"


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"subject": {"reference": "Patient/b"}}, "CarePlan.subject"),
        (
            {"category": [{"coding": [{"system": "urn:interop:codes:plan-category", "code": "triage-outcome"}]}]},
            "CarePlan.category",
        ),
    ],
)
async def test_what_is_no_part_of_this_plan_is_refused(client: Client, more: dict[str, Any], path: str) -> None:
    answer = await send(client, {**MINE, **more})
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == [path]


async def test_a_tag_that_is_none_is_refused(client: Client) -> None:
    assert (await send(client, MINE, if_match="three")).status_code == 400


async def test_a_plain_update_of_a_care_plan_keeps_its_own_if_match(client: Client) -> None:
    made = (await send(client, MINE)).json()
    assert (await client.put({**made, "title": "One"}, if_match='W/"1"')).status_code == 200
    assert (await client.put({**made, "title": "Two"}, if_match='W/"1"')).status_code == 412


class TestUnderTheRules:
    """Organisations that take part."""

    @pytest.fixture
    async def ann(self, store: SqlStore, clock: ManualClock) -> AsyncIterator[World]:
        await record_ann(store)
        async with world(store, clock) as made:
            await made.share()
            await made.done(GP, "record-consent", decision="given")
            yield made

    async def send(self, ann: World, who: Asker, resource: dict[str, Any], **headers: str) -> httpx.Response:
        return await send(ann.client, resource, "ann", x_who=who.user, **headers)

    async def test_nobody_writes_in_what_another_organisation_has_contributed(self, ann: World) -> None:
        """Though they see it, and add to the plan what they have to say themselves."""
        made = await self.send(ann, GP, MINE)
        assert made.status_code == 201, made.text
        await ann.done(WARD, "claim-relationship", reason="She is on the ward")
        assert "Weigh weekly" in (await ann.client.get("/fhir/Patient/ann/$care-plan", x_who=WARD.user)).text
        answer = await self.send(ann, WARD, {**made.json(), "title": "Ours now"})
        assert answer.status_code == 403
        assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "feed-owned"
        assert (await self.send(ann, WARD, {**MINE, "title": "Of the ward"})).status_code == 201
        titles = (await ann.client.get("/fhir/Patient/ann/$care-plan", x_who=GP.user)).text
        assert "Of the ward" in titles
        assert "Ours now" not in titles

    async def test_a_plain_update_does_not_either(self, ann: World) -> None:
        made = (await self.send(ann, GP, MINE)).json()
        await ann.done(WARD, "claim-relationship", reason="She is on the ward")
        answer = await ann.client.put({**made, "title": "Ours now"}, x_who=WARD.user)
        assert answer.status_code == 403

    async def test_who_has_nothing_to_do_with_the_person_adds_nothing(self, ann: World) -> None:
        assert (await self.send(ann, CREW, MINE)).status_code in (403, 404)
        assert "Weigh weekly" not in (await ann.client.get("/fhir/Patient/ann/$care-plan", x_who=GP.user)).text


async def test_nobody_takes_a_plan_from_one_person_to_another(client: Client) -> None:
    made = await send(client, MINE, "b")
    assert made.status_code == 201
    before = (await client.get("/fhir/Patient/b/$care-plan")).headers["etag"]
    taken = await send(client, {**MINE, "id": made.json()["id"]})
    assert (taken.status_code, taken.json()["issue"][0]["details"]["coding"][0]["code"]) == (400, "bad-parameter")
    assert (await client.get("/fhir/Patient/b/$care-plan")).headers["etag"] == before


async def test_nobody_writes_in_the_umbrella(client: Client) -> None:
    (part,) = (await send(client, MINE)).json()["partOf"]
    umbrella = part["reference"].removeprefix("CarePlan/")
    assert (await send(client, {**MINE, "id": umbrella})).status_code == 400
