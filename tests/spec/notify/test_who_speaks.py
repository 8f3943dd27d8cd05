"""Who may say what became of a delivery: over mutual TLS the organisations that the certificate's feed speaks for, nobody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from interop.app.engine import Engine
from tests.spec.notify.listening import ack, listening
from tests.spec.notify.test_itk import until
from tests.spec.notify.test_mllp import enhanced
from tests.spec.security.test_tls import Place, ask, context

pytestmark = [pytest.mark.anyio, pytest.mark.long]


async def test_a_certificate_acknowledges_for_the_organisations_of_its_feed_alone(tmp_path: Path) -> None:
    """A hub speaks for those that it is declared to; a feed without an organisation for none."""
    place = Place(tmp_path / "certificates")
    east, west = place.feeds["east"], place.feeds["west"]
    feeds = {"east": replace(east, also=(("THE LAB", "RX9"),)), "west": replace(west, organisation="")}
    async with listening() as receiver:
        receiver.answers = ["CA"]
        to = tmp_path / "destinations.toml"
        to.write_text(f'[itk-route]\nkind = "mllp"\naddress = "{receiver.url}"\norganisation = "RX9"\n')
        engine = await Engine.start(place.settings(tmp_path / "data", destinations=to), declared=feeds)
        try:
            assert await ask(engine, context(place, place.east), enhanced()) is not None
            [got] = await receiver.until(1)
            await until(engine, ("sent", "awaited"))
            stranger = await ask(engine, context(place, place.west), ack(got, "AE", more="AL"))
            assert stranger is not None
            assert stranger.code == "CE"
            await until(engine, ("sent", "awaited"))
            hub = await ask(engine, context(place, place.east), ack(got, "AE", more="AL"))
            assert hub is not None
            assert hub.code == "CA"
            await until(engine, ("shelved", "refused"))
        finally:
            await engine.stop()
