"""What the OpenAPI document says is so, for any request that Schemathesis makes from it, and none is answered by a failure."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from interop.api.app import create_app
from interop.api.server import HttpServer
from interop.api.services import Services
from tests.spec.api.conftest import calling
from tests.spec.api.people import patient

pytestmark = [pytest.mark.anyio, pytest.mark.long, pytest.mark.timeout(600)]

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
)
"""Not asked: that all that the schema allows is taken, and nothing else. OpenAPI cannot say what R4 asks of a resource, and what is
not known is passed over (FHIR R4 search, 3.1.1)."""
FHIR = r"^/fhir/(Patient($|/)|ValueSet/\$)"
OTHERS = r"^/(health|metrics|messages|ingest)|^/fhir(/_.*|/metadata)?$"
"""All but the bases of other protocols, which say their faults under the status that SOAP gives them."""


@pytest.mark.parametrize("addresses", [FHIR, OTHERS], ids=["fhir", "others"])
@pytest.mark.parametrize("place", ["sqlite", "postgresql"], indirect=True)
async def test_answers_are_as_the_document_has_them(
    services: Services, addresses: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    async with calling(services) as client:
        await client.put(patient("0"))
    server = HttpServer(create_app(services), "127.0.0.1", 0)
    await server.start()
    try:
        status, said = await tried(
            f"http://127.0.0.1:{server.port}", addresses, str(pytestconfig.getoption("--hypothesis-seed")), tmp_path
        )
    finally:
        await server.stop()
    assert status == 0, said
    assert "Failures:" not in said


async def tried(address: str, addresses: str, seed: str, place: Path) -> tuple[int | None, str]:
    """Exit status and report of Schemathesis, with its seed."""
    running = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("st"), "run", f"{address}/openapi.json", "--url", address, "--seed", seed,
        "--include-path-regex", addresses, "--max-examples", "2", "--phases", "coverage,fuzzing", "--checks", ",".join(CHECKS),
        "--request-timeout", "20", "--suppress-health-check", "all", "--warnings", "off", "--no-color",
        cwd=place, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await running.communicate()
    return running.returncode, f"--seed {seed}\n{said.decode()}"
