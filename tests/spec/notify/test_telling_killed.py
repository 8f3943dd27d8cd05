"""A process that is killed while it tells somebody: told again under the same key, and known by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.rules.making import RULE
from tests.spec.durability.process import Served
from tests.spec.notify.mailserver import mailing
from tests.spec.notify.receiving import receiving
from tests.spec.notify.telling import MAIL, Telephones, declared, person

pytestmark = [pytest.mark.anyio, pytest.mark.long]


def communication(recipient: str) -> dict[str, object]:
    return {
        "resourceType": "Communication",
        "id": "c1",
        "meta": {"tag": [{"system": RULE, "code": "admitted-told"}]},
        "status": "preparation",
        "priority": "urgent",
        "subject": {"reference": "Patient/p1"},
        "recipient": [{"reference": recipient}],
    }


async def test_killed_between_sending_and_the_mark_the_gateway_knows_it_by_its_key(tmp_path: Path) -> None:
    async with mailing() as mail, receiving() as receiver:
        telephones = Telephones(receiver)
        options = ("--destinations", str(declared(tmp_path, mail.port, receiver.url.removesuffix("/in"))))
        receiver.answers = [-2]
        async with Served(tmp_path / "data", *options) as engine, engine.client() as http:
            for each in (person("Patient", "p1"), person("Practitioner", "named"), communication("Practitioner/named")):
                answer = await http.put(f"/fhir/{each['resourceType']}/{each['id']}", json=each)
                assert answer.is_success, answer.text
            await receiver.until(1)
            engine.kill()
        reference = telephones.sent[0]["reference"]
        telephones.states[reference] = "sending"
        receiver.answers = [200]
        async with Served(tmp_path / "data", *options):
            got = await receiver.until(2)
        assert [each.method for each in got[:2]] == ["POST", "GET"]
        assert got[1].path == f"/v2/notifications?reference={reference}"
        assert len(telephones.sent) == 1


async def test_killed_before_the_answer_an_e_mail_goes_again_under_its_name_and_says_so(tmp_path: Path) -> None:
    async with mailing() as mail, receiving() as receiver:
        options = ("--destinations", str(declared(tmp_path, mail.port, receiver.url.removesuffix("/in"))))
        mail.replies = [-1, 250]
        async with Served(tmp_path / "data", *options) as engine, engine.client() as http:
            practitioner = person("Practitioner", "named", {"system": "email", "value": MAIL})
            for each in (person("Patient", "p1"), practitioner, communication("Practitioner/named")):
                answer = await http.put(f"/fhir/{each['resourceType']}/{each['id']}", json=each)
                assert answer.is_success, answer.text
            await mail.until(1)
            engine.kill()
        async with Served(tmp_path / "data", *options):
            await mail.until(2)
        first, second = (each.message for each in mail.got)
        assert first["Message-ID"] == second["Message-ID"]
        assert (first["X-Possible-Duplicate"], second["X-Possible-Duplicate"]) == (None, "yes")
