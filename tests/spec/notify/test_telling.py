"""People are told once, by the channel that they prefer, not at night, and never what happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from interop.clock import ManualClock
from tests.spec.notify.telling import LINK, MAIL, MOBILE, NIGHT, Told, declared, person, told
from tests.spec.rules.acting import START, acting

pytestmark = pytest.mark.anyio
HOUR = 3600


async def test_somebody_is_told_by_the_channel_that_they_rank_first(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        id_ = await one.communication("Practitioner/named")
        [sent] = one.telephones.sent
        assert sent["phone_number"] == MOBILE
        assert sent["personalisation"] == {"message": f"There is news about somebody in your care. Sign in to read it: {LINK}"}
        assert one.mail.got == []
        await one.put(person("Practitioner", "second", {"system": "email", "value": "b@care.example", "rank": 1}))
        await one.communication("Practitioner/second")
        [mail] = one.mail.got
        assert (mail.to, len(one.telephones.sent)) == ("b@care.example", 1)
        assert (await one.read(id_))["status"] == "in-progress"


async def test_a_receipt_completes_it_and_says_when(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        id_ = await one.communication("Practitioner/named")
        before = await one.read(id_)
        assert (before["status"], before["sent"]) == ("in-progress", "2026-01-05T10:00:00.000Z")
        assert "received" not in before
        [row] = await one.rows("texts")
        one.telephones.states[row.id] = "delivered"
        await one.later(60)
        after = await one.read(id_)
        assert (after["status"], after["sent"], after["received"]) == ("completed", before["sent"], "2026-01-05T10:01:00.000Z")
        assert after["medium"][0]["coding"][0]["code"] == "SMSWRIT"


async def test_an_e_mail_that_the_server_has_is_all_that_is_known(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        await one.put(person("Practitioner", "named", {"system": "email", "value": MAIL}))
        after = await one.read(await one.communication("Practitioner/named"))
        assert (after["status"], after["sent"], "received" in after) == ("completed", "2026-01-05T10:00:00.000Z", False)


async def test_a_number_that_does_not_exist_leads_to_the_next_channel(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        id_ = await one.communication("Practitioner/named")
        [row] = await one.rows("texts")
        one.telephones.states[row.id] = "permanent-failure"
        await one.later(60)
        assert [mail.to for mail in one.mail.got] == [MAIL]
        after = await one.read(id_)
        assert after["status"] == "completed"
        assert [each["coding"][0]["code"] for each in after["medium"]] == ["SMSWRIT", "EMAILWRIT"]


async def test_whom_no_channel_reaches_is_for_the_desk(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        one.telephones.receiver.answers = [400]
        one.mail.refused = {MAIL}
        id_ = await one.communication("Practitioner/named")
        after = await one.read(id_)
        assert (after["status"], after["statusReason"]["coding"][0]["code"]) == ("not-done", "could-not-be-told")
        answer = await one.here.http.get(f"/fhir/Task?focus=Communication/{id_}")
        [task] = [each["resource"] for each in answer.json()["entry"]]
        assert task["performerType"][0]["coding"][0]["code"] == "co-ordination"
        assert task["code"]["coding"][0]["code"] == "could-not-be-told"


@pytest.mark.parametrize(("who", "urgent", "ends"), [("person", True, 8), ("person", False, 8), ("professional", False, 7)])
async def test_at_night_it_waits_until_quiet_hours_end_exactly(tmp_path: Path, who: str, urgent: bool, ends: int) -> None:
    async with told(tmp_path, ManualClock(NIGHT)) as one:
        recipient = "Patient/p1" if who == "person" else "Practitioner/named"
        await one.communication(recipient, priority="urgent" if urgent else "routine")
        assert one.telephones.sent == []
        [row] = await one.rows("texts")
        assert row.due == NIGHT + (1 + ends) * HOUR * 1_000_000
        await one.later((1 + ends) * HOUR - 0.000001)
        assert one.telephones.sent == []
        await one.later(0.000001)
        assert len(one.telephones.sent) == 1


async def test_what_is_urgent_wakes_professionals_and_overtakes_what_waits(tmp_path: Path, place: dict[str, Any]) -> None:
    async with told(tmp_path, ManualClock(NIGHT), **place) as one:
        waits = await one.communication("Practitioner/named")
        passes = await one.communication("Practitioner/named", priority="urgent")
        assert len(one.telephones.sent) == 1
        assert ((await one.read(waits))["status"], (await one.read(passes))["status"]) == ("preparation", "in-progress")


async def test_an_e_mail_does_not_wait_for_the_morning(tmp_path: Path) -> None:
    async with told(tmp_path, ManualClock(NIGHT)) as one:
        await one.put(person("Patient", "p1", {"system": "email", "value": "laura@home.example"}))
        await one.communication("Patient/p1")
        assert [each.to for each in one.mail.got] == ["laura@home.example"]


async def test_what_is_taken_back_at_night_is_not_sent_in_the_morning(tmp_path: Path) -> None:
    async with told(tmp_path, ManualClock(NIGHT)) as one:
        id_ = await one.communication("Patient/p1")
        await one.put({**await one.read(id_), "status": "not-done"})
        await one.later(12 * HOUR)
        assert one.telephones.sent == []
        assert [each.state for each in await one.rows("texts")] == ["withheld"]


async def test_a_person_who_has_died_meanwhile_is_told_nothing(tmp_path: Path) -> None:
    async with told(tmp_path, ManualClock(NIGHT)) as one:
        id_ = await one.communication("Patient/p1")
        await one.put({**person("Patient", "p1"), "deceasedDateTime": "2026-01-06T03:00:00Z"})
        await one.later(12 * HOUR)
        assert (one.telephones.sent, one.mail.got) == ([], [])
        assert (await one.read(id_))["status"] == "not-done"


def flag(code: str) -> dict[str, Any]:
    return {
        "resourceType": "Flag",
        "id": code,
        "status": "active",
        "code": {"coding": [{"system": "urn:interop:codes:contact", "code": code}]},
        "subject": {"reference": "Patient/p1"},
    }


async def test_who_wants_no_texts_gets_none(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        await one.put(flag("no-sms"))
        await one.communication("Patient/p1")
        assert (one.telephones.sent, [each.to for each in one.mail.got]) == ([], [MAIL])
        await one.put(flag("no-email"))
        id_ = await one.communication("Patient/p1")
        assert (one.telephones.sent, len(one.mail.got)) == ([], 1)
        assert (await one.read(id_))["status"] == "not-done"


async def choose(one: Told, **said: bool | str) -> dict[str, Any]:
    """The person says how they want to be told; what the operation tells of text messages."""
    inputs = [{"name": name, "valueBoolean" if isinstance(each, bool) else "valueCode": each} for name, each in said.items()]
    address = "/fhir/Patient/p1/$record-contact-choices"
    answer = await one.here.http.post(address, json={"resourceType": "Parameters", "parameter": inputs})
    assert answer.status_code == 200, answer.text
    [texts] = [each["part"] for each in answer.json()["parameter"] if each["name"] == "channel"][:1]
    return {each["name"]: next(value for name, value in each.items() if name != "name") for each in texts}


async def test_telling_obeys_what_the_person_has_said(tmp_path: Path) -> None:
    """By which channel, by which first, and by none: then somebody at the desk is asked to tell them another way, and why."""
    async with told(tmp_path) as one:
        await choose(one, first="email")
        await one.communication("Patient/p1")
        assert (one.telephones.sent, len(one.mail.got)) == ([], 1)
        await choose(one, email=False)
        await one.communication("Patient/p1")
        assert (len(one.telephones.sent), len(one.mail.got)) == (1, 1)
        await choose(one, sms=False)
        id_ = await one.communication("Patient/p1")
        assert (len(one.telephones.sent), len(one.mail.got)) == (1, 1)
        after = await one.read(id_)
        assert (after["status"], after["statusReason"]["coding"][0]["code"]) == ("not-done", "could-not-be-told")
        answer = await one.here.http.get(f"/fhir/Task?focus=Communication/{id_}")
        [task] = [each["resource"] for each in answer.json()["entry"]]
        assert task["performerType"][0]["coding"][0]["code"] == "co-ordination"
        assert task["description"] == "Somebody wants neither text messages nor e-mails: tell them another way"
        await choose(one, sms=True)
        await one.communication("Patient/p1")
        assert len(one.telephones.sent) == 2


async def test_what_is_chosen_sends_to_no_other_telephone_than_the_records(tmp_path: Path) -> None:
    """The operation takes none; what it tells of quiet hours is the table that is obeyed."""
    async with told(tmp_path) as one:
        said = await choose(one, first="sms")
        assert said == {
            "code": "sms", "known": True, "order": 1, "elsewhere": False, "sends": True,
            "quiet-from": "21:00:00", "quiet-until": "08:00:00", "passes": False,
        }  # fmt: skip
        body = {"resourceType": "Parameters", "parameter": [{"name": "sms", "valueString": "07700900999"}]}
        answer = await one.here.http.post("/fhir/Patient/p1/$record-contact-choices", json=body)
        assert answer.status_code == 400
        await one.communication("Patient/p1")
        assert [each["phone_number"] for each in one.telephones.sent] == [MOBILE]


async def test_who_turns_texts_off_at_night_is_told_otherwise_in_the_morning(tmp_path: Path) -> None:
    async with told(tmp_path, ManualClock(NIGHT)) as one:
        await one.communication("Patient/p1")
        await choose(one, sms=False)
        await one.later(9 * HOUR)
        assert (one.telephones.sent, [each.to for each in one.mail.got]) == ([], [MAIL])


async def test_who_says_at_night_that_they_want_no_texts_is_told_otherwise_in_the_morning(tmp_path: Path) -> None:
    async with told(tmp_path, ManualClock(NIGHT)) as one:
        await one.communication("Patient/p1")
        await one.put(flag("no-sms"))
        await one.later(9 * HOUR)
        assert (one.telephones.sent, [each.to for each in one.mail.got]) == ([], [MAIL])


@pytest.mark.parametrize(("method", "by"), [("4", "mail"), ("3", "texts"), ("8", "mail")])
async def test_a_preferred_contact_method_of_uk_core_counts(tmp_path: Path, method: str, by: str) -> None:
    async with told(tmp_path) as one:
        part = {"url": "PreferredContactMethod", "valueCodeableConcept": {"coding": [{"code": method}]}}
        url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ContactPreference"
        await one.put(person("Patient", "p1", extension=[{"url": url, "extension": [part]}]))
        await one.communication("Patient/p1")
        assert (len(one.telephones.sent), len(one.mail.got)) == ((1, 0) if by == "texts" else (0, 1))


@pytest.mark.parametrize("more", [{"use": "old"}, {"period": {"end": "2025-01-01"}}, {"value": "not a number"}])
async def test_an_address_that_is_over_or_none_is_not_used(tmp_path: Path, more: dict[str, Any]) -> None:
    async with told(tmp_path) as one:
        point = {"system": "phone", "value": MOBILE, "use": "mobile", **more}
        await one.put(person("Practitioner", "named", point, {"system": "email", "value": MAIL}))
        await one.communication("Practitioner/named")
        assert (one.telephones.sent, len(one.mail.got)) == ([], 1)


async def test_nothing_of_the_record_goes_out(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        await one.put(person("Practitioner", "second", {"system": "email", "value": "b@care.example"}))
        said: dict[str, Any] = {"topic": {"text": "Overdose of morphine"}, "note": [{"text": "Broken hip"}]}
        said["payload"] = [{"contentString": "Laura Testone fell"}]
        for recipient in ("Practitioner/named", "Practitioner/second", "Patient/p1"):
            await one.communication(recipient, **said)
        out = [each.body for each in one.mail.got] + [each.body for each in one.telephones.receiver.got]
        assert len(out) == 3
        for word in (b"Laura", b"Testone", b"morphine", b"hip", b"hospital", b"admitted", b"Patient", b"p1", b"/c1", b"=c1"):
            assert not [each for each in out if word in each], word


async def test_the_address_of_the_record_names_only_ids_that_we_have_made(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        await one.communication("Practitioner/named", id="a" * 32)
        assert f"{LINK}?notice={'a' * 32}" in one.telephones.sent[0]["personalisation"]["message"]


async def test_a_communication_that_no_rule_has_made_is_not_sent(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        await one.communication("Practitioner/named", meta={"tag": [{"system": "urn:other", "code": "x"}]})
        assert (one.telephones.sent, one.mail.got, await one.rows("notices")) == ([], [], [])


async def test_a_gateway_that_is_away_is_tried_again_and_gets_it_once_and_not_as_a_duplicate(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        await one.put(person("Practitioner", "named", {"system": "email", "value": MAIL}))
        one.mail.rcpt = 451
        id_ = await one.communication("Practitioner/named")
        assert [(each.state, each.tries) for each in await one.rows("mail")] == [("pending", 1)]
        one.mail.rcpt = 250
        await one.later(40)
        [mail] = one.mail.got
        assert mail.message["X-Possible-Duplicate"] is None
        assert (await one.read(id_))["status"] == "completed"


async def test_what_may_have_gone_out_goes_again_under_the_same_id_and_says_so(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        await one.put(person("Practitioner", "named", {"system": "email", "value": MAIL}))
        one.mail.replies = [0, 250]
        await one.communication("Practitioner/named")
        await one.later(40)
        first, second = (each.message for each in one.mail.got)
        assert first["Message-ID"] == second["Message-ID"]
        assert (first["X-Possible-Duplicate"], second["X-Possible-Duplicate"]) == (None, "yes")


async def test_a_gateway_that_has_it_is_not_given_it_again(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        one.telephones.receiver.answers = [0, 200]
        id_ = await one.communication("Practitioner/named")
        [row] = await one.rows("texts")
        one.telephones.states[row.id] = "delivered"
        await one.later(40)
        assert [each.method for each in one.telephones.receiver.got][:2] == ["POST", "GET"]
        assert len(one.telephones.sent) == 1
        assert (await one.read(id_))["status"] == "completed"


async def test_a_destination_as_a_recipient_is_nobody_to_be_told_by_telephone(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        named = {"identifier": {"system": "urn:interop:destination", "value": "gp"}}
        id_ = await one.communication("", recipient=[named])
        assert (await one.read(id_))["status"] == "preparation"
        assert (one.telephones.sent, one.mail.got) == ([], [])


@pytest.mark.parametrize("name", ["notices", "rules"])
async def test_no_destination_is_called_as_a_queue_of_the_engine(tmp_path: Path, name: str) -> None:
    file = tmp_path / "destinations.toml"
    file.write_text(f'[{name}]\nkind = "file"\naddress = "out"\norganisation = "RA1"\n')
    with pytest.raises(ValueError, match="no destination has this name"):
        async with acting(tmp_path / "data", destinations=file):
            pass


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ('link = "http://record.example"\n', "link is where people sign in"),
        (f'link = "https://record.example/{"x" * 120}"\n', "no single text message"),
    ],
)
async def test_a_link_that_cannot_be_told_is_refused_at_the_start(tmp_path: Path, more: str, why: str) -> None:
    file = declared(tmp_path, 25, "http://127.0.0.1:9")
    file.write_text(file.read_text().replace(f'link = "{LINK}"\n', more))
    with pytest.raises(ValueError, match=why):
        async with acting(tmp_path / "data", destinations=file):
            pass


class Failing:
    """Fails as nobody has foreseen."""

    async def may(self, *asked: object) -> bool:
        raise ZeroDivisionError


async def test_one_over_whom_we_fail_holds_up_nobody_else(tmp_path: Path) -> None:
    async with told(tmp_path, ManualClock(NIGHT)) as one:
        telling = one.here.engine.outgoing.telling
        assert telling is not None
        await one.communication("Practitioner/named")
        asked: Any = telling.recipients
        failing: Any = Failing()
        telling.recipients = failing
        with capture_logs() as lines:
            await one.communication("Practitioner/named", priority="urgent")
            await one.later(9 * HOUR)
        telling.recipients = asked
        await one.communication("Practitioner/named")
        assert len(one.telephones.sent) == 1
        assert [each.reason for each in await one.rows("texts", "shelved")] == ["fault"]
        assert [each.reason for each in await one.rows("notices", "shelved")] == ["fault"]
        said = [line["destination"] for line in lines if line["event"] == "telling somebody failed"]
        assert sorted(said) == ["notices", "texts"]


async def test_what_a_client_writes_under_the_tag_of_a_rule_is_told_to_nobody(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        by_rule = await one.read(await one.communication("Practitioner/named"))
        forged = {**by_rule, "id": "their-mother-has-died", "status": "preparation"}
        del forged["medium"], forged["sent"]
        await one.put(forged)
        await one.write({**forged, "id": "forged"}, client="some-program")
        await one.quiet()
        assert (len(one.telephones.sent), one.mail.got) == (1, [])
        assert [(await one.read(id))["status"] for id in (forged["id"], "forged")] == ["preparation", "preparation"]


async def test_nobody_who_writes_over_what_is_to_be_told_has_somebody_else_told(tmp_path: Path) -> None:
    async with told(tmp_path, ManualClock(NIGHT)) as one:
        other = {"system": "phone", "value": "07700900999", "use": "mobile"}
        await one.put(person("Practitioner", "other", other))
        id_ = await one.communication("Practitioner/named")
        changed = {"recipient": [{"reference": "Practitioner/other"}], "priority": "stat"}
        await one.put({**await one.read(id_), **changed})
        await one.quiet()
        assert one.telephones.sent == [], "nor at another time"
        await one.later(9 * HOUR)
        assert [each["phone_number"] for each in one.telephones.sent] == [MOBILE]


async def test_what_has_been_told_is_not_told_again_because_somebody_puts_it_back(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        id_ = await one.communication("Practitioner/named")
        back = {**await one.read(id_), "status": "preparation"}
        del back["medium"]
        await one.put(back)
        await one.quiet()
        assert (len(one.telephones.sent), one.mail.got) == (1, [])


async def test_an_engine_that_starts_again_tells_nobody_twice(tmp_path: Path) -> None:
    clock = ManualClock(START)
    async with told(tmp_path, clock) as one:
        await one.communication("Practitioner/named")
        assert len(one.telephones.sent) == 1
    async with told(tmp_path, clock) as one:
        await one.quiet()
        assert one.telephones.sent == []
