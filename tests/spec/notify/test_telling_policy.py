"""From a message of a hospital to a telephone, under the policy at the moment at which it goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from interop.apply.acting.recipients import Recipients
from interop.clock import ManualClock
from interop.ids import ODS_ORGANISATION
from interop.policy.decide import decide
from interop.policy.facts import Agreement, Facts
from tests.spec.engine.messages import adt
from tests.spec.notify.telling import MOBILE, NIGHT, Told, told
from tests.spec.rules.acting import team

pytestmark = pytest.mark.anyio
HOSPITAL, COMMUNITY = "RX1", "RYY01"
HOUR = 3600


class World:
    """An engine that asks who may be told under an agreement of the test's own."""

    def __init__(self, one: Told) -> None:
        self.one = one
        self.agree("active")

    def agree(self, status: str) -> None:
        shop, outgoing = self.one.here.engine.workshop, self.one.here.engine.outgoing
        agreement = Agreement("a1", HOSPITAL, COMMUNITY, ("direct-care",), 0, 1 << 61, status)
        facts = Facts((agreement,), "implied", names=shop.governance.names)
        assert outgoing.acting is not None
        assert outgoing.telling is not None
        asked = Recipients(shop.store, decide, lambda: facts, shop.governance.code, {}, open=False)
        outgoing.acting.recipients = outgoing.telling.recipients = asked


@asynccontextmanager
async def world(directory: Path) -> AsyncIterator[World]:
    """At night: a person of whom a team of a community trust takes care, with one clinician who answers."""
    async with told(directory, ManualClock(NIGHT)) as one:
        await one.here.tell(adt("A28", "K1", at="20251201100000"))
        trust = {"identifier": {"system": ODS_ORGANISATION, "value": COMMUNITY}}
        await one.here.put(team("t1", await one.here.patient(), managingOrganization=[trust]))
        yield World(one)


ADMITTED = adt("A01", "C1", at="20260105225000").replace(b"20260102090000", b"20260105225000")


async def test_whoever_answers_for_a_person_is_told_in_the_morning_that_there_is_something_to_read(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.one.here.tell(ADMITTED)
        await here.one.quiet()
        made = await here.one.here.made("admitted-told", "Communication")
        assert [each["recipient"][0]["reference"] for each in made] == ["Practitioner/named"]
        assert here.one.telephones.sent == []
        await here.one.later(9 * HOUR)
        assert [each["phone_number"] for each in here.one.telephones.sent] == [MOBILE]
        [one] = await here.one.here.made("admitted-told", "Communication")
        assert f"?notice={one['id']}" in here.one.telephones.sent[0]["personalisation"]["message"]
        assert one["status"] == "in-progress"


async def test_who_may_not_see_it_any_more_in_the_morning_is_not_told(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.one.here.tell(ADMITTED)
        await here.one.quiet()
        here.agree("withdrawn")
        await here.one.later(9 * HOUR)
        assert (here.one.telephones.sent, here.one.mail.got) == ([], [])
        [one] = await here.one.here.made("admitted-told", "Communication")
        assert (one["status"], one["statusReason"]["coding"][0]["code"]) == ("not-done", "not-permitted")
        assert [each.state for each in await here.one.rows("texts")] == ["withheld"]


async def test_an_admission_that_was_cancelled_at_night_is_told_to_nobody(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.one.here.tell(ADMITTED, adt("A11", "C2", at="20260105235000"))
        await here.one.later(9 * HOUR)
        assert (here.one.telephones.sent, here.one.mail.got) == ([], [])


SMS = {"system": "sms", "value": "07700900555"}


async def test_the_telephone_of_a_team_is_used_where_who_wrote_it_may_see_too(tmp_path: Path) -> None:
    """Whoever writes a team may say that it works for anybody."""
    async with world(tmp_path) as here:
        person = f"Patient/{await here.one.here.patient()}"
        trust = {"identifier": {"system": ODS_ORGANISATION, "value": COMMUNITY}}
        for id_, writer, sent in (("t2", "RZZ99", 0), ("t3", COMMUNITY, 1)):
            its = team(id_, person.removeprefix("Patient/"), managingOrganization=[trust], telecom=[SMS])
            await here.one.write(its, organisation=writer, client="some-program")
            await here.one.here.quiet()
            told_ = await here.one.communication(f"CareTeam/{id_}", person, priority="urgent")
            assert [each["phone_number"] for each in here.one.telephones.sent] == [SMS["value"]] * sent
            assert (await here.one.read(told_))["status"] == ("in-progress" if sent else "not-done")


async def test_somebody_who_works_for_several_is_told_by_the_one_that_may_see(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.one.put({"resourceType": "Practitioner", "id": "named"})
        for code, number in (("RZZ99", "07700900555"), (COMMUNITY, "07700900666")):
            named = {"identifier": [{"system": ODS_ORGANISATION, "value": code}]}
            await here.one.put({"resourceType": "Organization", "id": f"o-{code}", "name": "A trust", **named})
            role = {"resourceType": "PractitionerRole", "id": f"r-{code}", "telecom": [{"system": "sms", "value": number}]}
            at = {"practitioner": {"reference": "Practitioner/named"}, "organization": {"reference": f"Organization/o-{code}"}}
            await here.one.put(role | at)
        await here.one.communication("Practitioner/named", f"Patient/{await here.one.here.patient()}", priority="urgent")
        assert [each["phone_number"] for each in here.one.telephones.sent] == ["07700900666"]
