"""What the engine emits keeps to R4 and to the UK Core profile that it claims; each warning has its reason."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from interop.cli.main import app
from interop.fhir.definitions import Definitions
from interop.fhir.findings import ERROR
from interop.fhir.terminology import Terminology
from interop.fhir.validation.validator import Validator
from interop.formats.json import load_json
from interop.mapping.library import adapters
from interop.mapping.shared import read_shared
from tests import emitted
from tests.emitted import Judged, judge, of_examples, of_files, reasons, unexplained

Shared = Callable[[str], Path]
COLUMNS_ALONE = {"emis"}
"""Extracts of which there are no sample rows, only lists of their columns."""


@pytest.fixture(scope="module")
def core(shared: Shared) -> Definitions:
    """R4 and UK Core."""
    return Definitions.base().with_packages([shared("reference/uk-core-r4.tgz")])


@pytest.fixture(scope="module")
def against_core(core: Definitions) -> Judged:
    return judge(of_examples(), core, claims=True)


@pytest.fixture(scope="module")
def samples(core: Definitions, shared: Shared) -> Judged:
    return judge(of_files(sorted(path for path in shared("samples").rglob("*") if path.is_file())), core, claims=True)


def test_the_worked_examples_keep_to_r4() -> None:
    """No error, and no warning without a reason."""
    assert unexplained(judge(of_examples(), Definitions.base(), claims=False)) == []


def test_the_worked_examples_keep_to_what_they_claim(against_core: Judged) -> None:
    assert unexplained(against_core) == []
    profiles = read_shared().profiles
    claims = [claim for _, kind, claim in against_core.resources if kind in profiles]
    assert sum(map(bool, claims)) > 0.9 * len(claims) > 100


def test_every_sample_message_keeps_to_what_it_claims(samples: Judged) -> None:
    assert unexplained(samples) == []
    assert {feed for feed, _, _ in samples.resources} == set(adapters()) - COLUMNS_ALONE


def test_no_reason_is_given_for_what_does_not_happen(against_core: Judged, samples: Judged) -> None:
    met = {kind for judged in (against_core, samples) for _, _, kind in judged.findings}
    met |= {kind for _, _, kind in judge(of_examples(), Definitions.base(), claims=False).findings}
    assert [reason for reason in reasons() if not any(reason.explains(kind) for kind in met)] == []


def test_a_transaction_of_interop_convert_is_a_bundle_of_r4() -> None:
    """The Bundle around the resources too."""
    validator = Validator(terminology=Terminology(Definitions.base()))
    for name in adapters():
        with as_file(files("mappings").joinpath(name, "examples")) as folder:
            paths = sorted(str(path) for path in folder.iterdir() if path.suffix != ".csv")
            result = CliRunner().invoke(app, ["convert", *paths])
        lines = result.stdout_bytes.splitlines()
        assert lines
        for line in lines:
            errors = [each for each in validator.validate(load_json(line)) if each.severity == ERROR]
            assert errors == [], name


def test_the_page_names_every_reason_of_a_warning() -> None:
    text = emitted.PAGE.read_text("utf-8")
    assert [
        each.why for each in reasons() if each.severity == "warning" and "UKCore" in each.profile and each.why not in text
    ] == []
