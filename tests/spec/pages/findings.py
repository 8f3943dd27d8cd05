"""Results, reports and letters of Susan that her day does not tell of, written for the tests of pages."""

from __future__ import annotations

import base64
from typing import Any, Final

from anyio import to_thread

from tests.spec.browser.people import Site

CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
INTERPRETATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
HOSTILE: Final = '<img src=x onerror="document.title=1">'
PDF: Final = b"%PDF-1.4 a letter"


async def written(site: Site) -> dict[str, str]:
    """They are in the record; ids by name."""
    return await to_thread.run_sync(_write, site)


def _write(site: Site) -> dict[str, str]:
    susan = {"reference": f"Patient/{site.ids['susan']}"}
    ids: dict[str, str] = {}
    with site.client("tester") as tester:

        def put(name: str, resource: dict[str, Any]) -> None:
            answer = tester.post(f"/fhir/{resource['resourceType']}", json=resource)
            assert answer.is_success, answer.text
            ids[name] = answer.json()["id"]

        def observed(name: str, code: str, called: str, day: str, said: dict[str, Any], **more: Any) -> None:
            put(name, {"resourceType": "Observation", "status": "final", "category": [_coded(CATEGORY, "laboratory")],
                       "code": {"coding": [{"system": "http://snomed.info/sct", "code": code}], "text": called},
                       "subject": susan, "effectiveDateTime": day, **said, **more})  # fmt: skip

        for at, (value, day, flag) in enumerate(
            ((131, "2026-03-01", "N"), (122, "2026-05-04", "N"), (109, "2026-08-20", "L"), (98, "2026-10-10", "LL"))
        ):
            observed(f"hb{at}", "1022431000000105", "Haemoglobin", day, _quantity(value, "g/L", "115-165"),
                     interpretation=[_coded(INTERPRETATION, flag)])  # fmt: skip
        observed("crp", "1001371000000100", "C reactive protein", "2026-10-14", _quantity(42, "mg/L", "<5"))
        observed("crp0", "1001371000000100", "C reactive protein", "2026-09-01", _quantity(5, "mg/L", "<5", comparator="<"))
        observed("glucose", "1010671000000102", "Glucose", "2026-10-01", _quantity(5.4, "mmol/L", "3.0-6.0"))
        observed("glucose0", "1010671000000102", "Glucose", "2026-09-01", _quantity(90, "mg/dL"))
        observed(
            "culture", "401324008", "Urine culture", "2026-10-13", {"valueString": f"No growth {HOSTILE}"}, status="preliminary"
        )
        observed("sodium", "1000661000000107", "Sodium", "2026-10-13", _quantity(999, "mmol/L"), status="cancelled")
        report = {"resourceType": "DiagnosticReport", "status": "amended", "code": {"text": "Full blood count"}, "subject": susan}
        put("report", {**report, "effectiveDateTime": "2026-10-10", "conclusion": "Iron deficiency likely.",
                       "result": [{"reference": f"Observation/{ids['hb3']}"}],
                       "presentedForm": [_attached("application/pdf", PDF)]})  # fmt: skip
        put("pdf", {"resourceType": "Binary", "contentType": "application/pdf", "securityContext": susan, "data": _data(PDF)})
        attached = {"contentType": "application/pdf", "url": f"Binary/{ids['pdf']}", "title": "Discharge letter", "size": len(PDF)}
        letter = {"resourceType": "DocumentReference", "status": "current", "subject": susan}
        put("letter", {**letter, "type": {"text": "Discharge letter"}, "date": "2026-10-14T18:30:00+01:00",
                       "author": [{"display": "Mr Hugh Carrowmore"}], "content": [{"attachment": attached}]})  # fmt: skip
        note = f"<h1>Clinic</h1><script>document.title=2</script><p>Knee {HOSTILE} locked.</p>".encode()
        put("note", {**letter, "type": {"text": f"Clinic note {HOSTILE}"}, "date": "2026-09-12T10:00:00+01:00",
                     "content": [{"attachment": _attached("text/html", note)}]})  # fmt: skip
        amended = tester.get(f"/fhir/Observation/{ids['glucose']}").json()
        amended |= {"status": "corrected", **_quantity(5.1, "mmol/L", "3.0-6.0")}
        assert tester.put(f"/fhir/Observation/{ids['glucose']}", json=amended).is_success
    return ids


def _quantity(value: float, unit: str, range: str = "", **more: str) -> dict[str, Any]:
    limits = {"referenceRange": [{"text": range}]} if range else {}
    return {"valueQuantity": {"value": value, "unit": unit, **more}, **limits}


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _attached(media: str, content: bytes) -> dict[str, Any]:
    return {"contentType": media, "data": _data(content), "title": "Whole"}


def _data(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
