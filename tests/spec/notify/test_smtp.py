"""E-mail over SMTP to a server on loopback: what is sent, in which words of the protocol, and what replies come to."""

from __future__ import annotations

import asyncio
import ssl
from email.utils import parsedate_to_datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from adapters.smtp import carrier
from interop.notify.destinations import BadDestinations, read_destinations
from interop.ports import Destination, Parcel
from tests.spec.notify.mailserver import MailServer, mailing
from tests.spec.notify.passing import passed
from tests.spec.notify.telling import unheard
from tests.spec.security.certificates import Authority

pytestmark = pytest.mark.anyio
NOW = 1_767_607_200_000_000
PARCEL = Parcel("0" * 32, b"Sign in to read it: https://record.example/n\n", "text/plain", to="b@care.example", subject="News")


def courier(
    server: MailServer, scheme: str = "smtp", token: Path | None = None, authorities: Path | None = None, **more: str
) -> Any:
    settings = {"from": "care@us.example", "link": "https://record.example/n", **more}
    address = f"{scheme}://localhost:{server.port}"
    to = Destination("mail", "smtp", address, "RA1", token=token, authorities=authorities, settings=settings)
    return carrier.courier(to, unheard, lambda: NOW)


async def test_it_is_an_internet_message_named_by_the_delivery() -> None:
    async with mailing() as server:
        taken = await courier(server).carry(PARCEL)
        assert (taken.problem, taken.code) == (None, "250")
        [mail] = server.got
        made = mail.message
        assert (mail.sender, mail.to, made["From"], made["To"]) == ("care@us.example", "b@care.example", "care@us.example", mail.to)
        assert (made["Subject"], made["Message-ID"]) == ("News", f"<{'0' * 32}@us.example>")
        assert int(parsedate_to_datetime(made["Date"]).timestamp()) == NOW // 1_000_000
        assert (made["Auto-Submitted"], made["X-Possible-Duplicate"]) == ("auto-generated", None)
        assert made.get_content().splitlines() == PARCEL.body.decode().splitlines()


async def test_what_may_have_gone_before_says_so_under_the_same_name() -> None:
    async with mailing() as server:
        one = courier(server)
        await one.carry(Parcel(PARCEL.id, PARCEL.body, "text/plain", to=PARCEL.to, subject="News", again=True))
        made = server.got[0].message
        assert (made["X-Possible-Duplicate"], made["Message-ID"]) == ("yes", f"<{one.tracking(PARCEL)}>")


@pytest.mark.parametrize(
    ("rcpt", "data", "reason"),
    [
        (250, 250, None),
        (251, 250, None),
        (550, 250, "destination-refused"),
        (451, 250, "destination-unavailable"),
        (250, 554, "destination-refused"),
        (250, 452, "destination-unavailable"),
        (250, 421, "destination-unavailable"),
        (250, 0, "destination-unanswered"),
        (250, 7, "destination-unanswered"),
        (250, 350, "destination-unanswered"),
    ],
)
async def test_replies_are_of_the_class_of_the_error_table(rcpt: int, data: int, reason: str | None) -> None:
    async with mailing() as server:
        server.rcpt, server.replies = rcpt, [data]
        taken = await courier(server).carry(PARCEL)
        assert (taken.problem and taken.problem.reason.name) == reason


async def test_a_server_that_has_an_e_mail_and_says_nothing_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    longest: float = import_module("adapters.smtp.courier").LONGEST
    async with mailing() as server:
        server.replies = [-1]
        carrying = asyncio.create_task(courier(server).carry(PARCEL))
        await server.until(1)
        assert not carrying.done()
        passed(monkeypatch, longest)
        taken = await carrying
        assert (taken.problem.reason.name, len(server.got)) == ("destination-unanswered", 1)


async def test_a_server_that_is_away_has_taken_nothing() -> None:
    async with mailing() as server:
        one = courier(server)
    assert (await one.carry(PARCEL)).problem.reason.name == "destination-unavailable"


@pytest.mark.parametrize(
    ("to", "subject"), [("b@care.example\r\nBcc: c@x.example", "News"), ("b", "News"), ("", "News"), ("a@b.example", "N\r\nX: y")]
)
async def test_nobody_writes_into_the_head_of_an_e_mail(to: str, subject: str) -> None:
    async with mailing() as server:
        taken = await courier(server).carry(Parcel("1", b"x", "text/plain", to=to, subject=subject))
        assert (taken.problem.reason.name, server.got) == ("destination-refused", [])


def secured(directory: Path) -> tuple[ssl.SSLContext, Path]:
    authority = Authority(directory, "Mail CA")
    pair = authority.sign("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    return context, authority.certificate


@pytest.mark.parametrize("starttls", ["yes", "no"])
async def test_it_goes_over_tls_and_signs_in_there(tmp_path: Path, starttls: str) -> None:
    context, authority = secured(tmp_path)
    (tmp_path / "password").write_text("secret\n")
    async with mailing(context, implicit=starttls == "no") as server:
        one = courier(server, "smtps", tmp_path / "password", authority, starttls=starttls, username="us")
        assert (await one.carry(PARCEL)).problem is None
        assert server.got[0].secure
        assert [each.split(" ")[1].upper() for each in server.signed] == ["PLAIN"]
        server.auth = 535
        assert (await one.carry(PARCEL)).problem.reason.name == "destination-denied"
        assert len(server.got) == 1


async def test_a_server_that_offers_no_tls_is_given_nothing(tmp_path: Path) -> None:
    _, authority = secured(tmp_path)
    (tmp_path / "password").write_text("secret")
    async with mailing() as server:
        one = courier(server, "smtps", tmp_path / "password", authority, starttls="yes", username="us")
        assert (await one.carry(PARCEL)).problem.reason.name == "destination-denied"
        assert (server.got, server.signed) == ([], [])


async def test_a_server_whose_certificate_nobody_trusts_is_given_nothing(tmp_path: Path) -> None:
    context, _ = secured(tmp_path)
    async with mailing(context) as server:
        taken = await courier(server, "smtps", starttls="yes").carry(PARCEL)
        assert (taken.problem.reason.name, server.got) == ("destination-unavailable", [])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('address = "smtp://mail.example:25"', "smtps"),
        ('address = "smtps://mail.example"\nusername = "us"', "go together"),
        ('address = "smtps://mail.example"\nstarttls = "perhaps"', "yes or no"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(tmp_path: Path, said: str, why: str) -> None:
    file = tmp_path / "destinations.toml"
    file.write_text(f'[mail]\nkind = "smtp"\norganisation = "RA1"\nfrom = "care@us.example"\nlink = "https://x.example"\n{said}\n')
    with pytest.raises((BadDestinations, ValueError), match=why):
        carrier.courier(read_destinations(file, lambda host: False)["mail"], unheard, lambda: NOW)
