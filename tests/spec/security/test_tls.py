"""TLS: MLLP with a certificate at both ends, HTTPS; which certificate may send as which feed."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from interop.app.engine import Engine
from interop.app.settings import Settings
from interop.app.tls import client_context, server_context
from interop.audit.row import READ
from interop.ports import Feed
from tests.spec.audit.test_engine import rows
from tests.spec.engine.messages import adt
from tests.spec.engine.running import TIMEOUT, Ack, Mllp, journal, settings
from tests.spec.security.certificates import Authority, Pair
from tests.spec.security.test_senders import QUERY

pytestmark = pytest.mark.anyio
WARD = adt()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Place:
    """An authority of the senders, with certificates for the engine and for three wards, of which two have a feed."""

    def __init__(self, directory: Path) -> None:
        self.authority = Authority(directory / "ours", "ours")
        self.server = self.authority.sign("localhost")
        self.east, self.west, self.unknown = (
            self.authority.sign(name) for name in ("east.example", "west.example", "south.example")
        )
        self.feeds = {
            "east": Feed("east", "hl7v2", organisation="RX1", test_numbers=True, certificates=(f"sha256:{self.east.fingerprint}",)),
            "west": Feed(
                "west", "hl7v2", organisation="RWW", test_numbers=True, certificates=("cn:west.example", "dns:west.example")
            ),
        }

    def settings(self, data: Path, **more: Any) -> Settings:
        return settings(
            data,
            mllp_tls_cert=self.server.certificate,
            mllp_tls_key=self.server.key,
            mllp_tls_ca=self.authority.certificate,
            **more,
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def engine(place: Place, tmp_path: Path) -> AsyncIterator[Engine]:
    engine = await Engine.start(place.settings(tmp_path / "data"), declared=place.feeds)
    yield engine
    await engine.stop()


def context(place: Place, pair: Pair | None) -> ssl.SSLContext:
    own = pair or Pair(None, None, "")  # type: ignore[arg-type]
    return client_context(own.certificate, own.key, place.authority.certificate)


@asynccontextmanager
async def line(engine: Engine, tls: ssl.SSLContext) -> AsyncIterator[Mllp]:
    made = Mllp(*await asyncio.open_connection("localhost", engine.mllp, ssl=tls, limit=1 << 24))
    try:
        yield made
    finally:
        await made.close()


async def ask(engine: Engine, tls: ssl.SSLContext, body: bytes) -> Ack | None:
    """What is answered, None where the connection was ended instead."""
    try:
        async with line(engine, tls) as sender:
            return await sender.ask(body)
    except (ssl.SSLError, ConnectionError):
        return None


async def test_a_message_comes_in_under_the_feed_of_its_certificate(engine: Engine, place: Place) -> None:
    """By its fingerprint or by a name that the authority has put into it."""
    said = await ask(engine, context(place, place.east), WARD)
    assert said is not None
    assert said.code == "AA"
    other = await ask(engine, context(place, place.west), WARD.replace(b"|RX1|ROUTE|", b"|RWW|ROUTE|"))
    assert other is not None
    assert other.code == "AA"
    assert [entry.feed for entry in await journal(engine)] == ["east", "west"]


async def test_a_query_is_the_organisations_whose_the_certificate_is(place: Place, tmp_path: Path) -> None:
    """It is answered, by what that organisation may see; who asked is in the audit."""
    engine = await Engine.start(place.settings(tmp_path / "data", open=False), declared=place.feeds)
    try:
        said = await ask(engine, context(place, place.east), QUERY)
        assert said is not None
        assert said.code == "AA"
    finally:
        await engine.stop()
    (row,) = [row for row in rows(tmp_path / "data") if row.interaction == "QBP^Q22"]
    assert (row.kind, row.who.role, row.who.organisation) == (READ, "system", "RX1")


async def test_a_message_of_the_other_ward_is_refused(engine: Engine, place: Place) -> None:
    """What a message claims is held to the certificate."""
    said = await ask(engine, context(place, place.west), WARD)
    assert said is not None
    assert said.code == "AR"
    assert [(entry.feed, entry.reason) for entry in await journal(engine)] == [("west", "wrong-organisation")]


async def test_a_certificate_that_is_no_feeds_is_turned_away_before_it_is_read_from(
    engine: Engine, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the authority has signed it; it is counted, and in the audit."""
    from adapters.hl7v2.framing import Decoder

    monkeypatch.setattr(Decoder, "feed", lambda self, data: pytest.fail("a byte was read"))
    assert await ask(engine, context(place, place.unknown), WARD) is None
    assert engine.listening.turned_away == 1
    assert await journal(engine) == []
    async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as http:
        figures = (await http.get(f"http://127.0.0.1:{engine.http}/metrics")).text
    assert "certificates_turned_away 1" in figures


@pytest.mark.parametrize("what", ["none", "another authority's", "one that has ended"])
async def test_without_a_certificate_that_holds_there_is_no_connection(
    what: str, engine: Engine, place: Place, tmp_path: Path
) -> None:
    pair = None
    if what == "another authority's":
        pair = Authority(tmp_path / "theirs", "theirs").sign("east.example")
    elif what == "one that has ended":
        pair = place.authority.sign("ended.example", days=-1)
    assert await ask(engine, context(place, pair), WARD) is None
    assert await journal(engine) == []


async def test_who_does_not_speak_tls_is_not_answered(engine: Engine) -> None:
    plain = await Mllp.open(engine.mllp)
    try:
        assert await plain.ask(WARD) is None
    finally:
        await plain.close()
    assert await journal(engine) == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_what_is_older_than_tls_1_2_is_refused(engine: Engine, place: Place) -> None:
    assert server_context(place.server.certificate, place.server.key).minimum_version == ssl.TLSVersion.TLSv1_2
    old = context(place, place.east)
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    assert await ask(engine, old, WARD) is None


async def test_a_client_asks_for_the_server_by_its_name(engine: Engine, place: Place) -> None:
    """One whose certificate is of another name, or of another authority, is not spoken to."""
    other = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    other.load_cert_chain(place.east.certificate, place.east.key)
    with pytest.raises(ssl.SSLCertVerificationError):
        async with line(engine, other):
            pass
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection("127.0.0.1", engine.mllp, ssl=context(place, place.east))


@pytest.mark.long
async def test_the_command_sends_over_tls(engine: Engine, place: Place, tmp_path: Path) -> None:
    (tmp_path / "one.hl7").write_bytes(WARD)
    words = [str(Path(sys.executable).with_name("interop")), "send", str(tmp_path / "one.hl7"), "--to"]
    tls = [
        "--tls-cert",
        str(place.east.certificate),
        "--tls-key",
        str(place.east.key),
        "--tls-ca",
        str(place.authority.certificate),
    ]
    address = f"mllps://localhost:{engine.mllp}"
    done = await asyncio.to_thread(subprocess.run, [*words, address, *tls], capture_output=True, text=True, timeout=TIMEOUT)
    assert (done.returncode, done.stdout) == (0, "1 sent, 1 accepted, 0 not\n")
    bare = await asyncio.to_thread(subprocess.run, [*words, address, *tls[4:]], capture_output=True, text=True, timeout=TIMEOUT)
    assert bare.returncode != 0
    assert [entry.feed for entry in await journal(engine)] == ["east"]


async def test_https_says_that_it_stays_so(place: Place, tmp_path: Path) -> None:
    """With strict transport security (RFC 6797), which plain HTTP does not promise."""
    with_tls = settings(tmp_path / "data", tls_cert=place.server.certificate, tls_key=place.server.key)
    engine = await Engine.start(with_tls)
    try:
        verify = context(place, None)
        async with httpx.AsyncClient(
            timeout=TIMEOUT, trust_env=False, verify=verify, base_url=f"https://localhost:{engine.http}"
        ) as http:
            for path in ("/fhir/metadata", "/health/live", "/", "/fhir/Patient/nobody", "/nowhere"):
                answer = await http.get(path)
                assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as http:
            with pytest.raises(httpx.TransportError):
                await http.get(f"http://localhost:{engine.http}/health/live")
    finally:
        await engine.stop()


async def test_over_tls_what_is_refused_unread_is_told_and_the_connection_ends(place: Place, tmp_path: Path) -> None:
    engine = await Engine.start(settings(tmp_path / "data", tls_cert=place.server.certificate, tls_key=place.server.key))
    try:
        reader, writer = await asyncio.open_connection("localhost", engine.http, ssl=context(place, None))
        writer.write(b"POST /ingest/api HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000000\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), TIMEOUT)
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b"\r\nconnection: close\r\n" in answer
        writer.close()
    finally:
        await engine.stop()


@pytest.mark.parametrize("address", ["0.0.0.0:2575", "[::]:2575", "hub.example:2575"])
def test_mllp_goes_beyond_this_machine_over_mutual_tls_alone(address: str, place: Place, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="mutual TLS"):
        Settings(data=tmp_path, mllp=address)
    assert place.settings(tmp_path, mllp=address).mllp == address


@pytest.mark.parametrize(
    "given",
    [
        {"mllp_tls_cert": "a"},
        {"mllp_tls_cert": "a", "mllp_tls_key": "b"},
        {"mllp_tls_ca": "c"},
        {"tls_cert": "a"},
        {"tls_key": "a"},
    ],
)
def test_half_of_what_tls_needs_is_refused(given: dict[str, str]) -> None:
    """A port that is thought to ask for certificates and does not would be worse than none."""
    with pytest.raises(ValidationError, match="go together"):
        Settings.model_validate(given)


async def test_an_engine_that_nobody_could_send_to_does_not_start(place: Place, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no feed has a certificate"):
        await Engine.start(place.settings(tmp_path / "data"), declared={"ward": Feed("ward", "hl7v2")})


async def test_a_key_that_cannot_be_used_is_named_and_not_shown(place: Place, tmp_path: Path) -> None:
    key = tmp_path / "broken.key"
    key.write_text("-----BEGIN PRIVATE KEY-----\nUnmistakable\n-----END PRIVATE KEY-----\n")
    with pytest.raises(ValueError, match=r"broken\.key") as caught:
        await Engine.start(settings(tmp_path / "data", tls_cert=place.server.certificate, tls_key=key))
    assert "Unmistakable" not in str(caught.value)
