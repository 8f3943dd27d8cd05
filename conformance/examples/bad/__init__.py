"""Messages that are wrong on purpose, for tests and for judging how a server answers. None is part of the example day."""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple


class BadMessage(NamedTuple):
    """A bad message: its file, the adapter it is sent to, what is wrong, and whether a server should take it all the same."""

    file_name: str
    adapter: str
    wrong: str
    accepted: bool = False

    @property
    def body(self) -> bytes:
        """Its bytes; of a ``.mllp`` file they are what goes on the wire, start block and all."""
        return files(__package__).joinpath(self.file_name).read_bytes()


BAD = (
    BadMessage("unreadable.hl7", "hl7v2", "no MSH: the message begins with EVN"),
    BadMessage("unknown-trigger.hl7", "hl7v2", "MSH-9 names trigger Z99"),
    BadMessage("missing-patient.hl7", "hl7v2", "an A01 without PID"),
    BadMessage("missing-patient-class.hl7", "hl7v2", "an A01 without PV1-2, which is mandatory"),
    BadMessage("missing-control-id.hl7", "hl7v2", "MSH-10 is empty"),
    BadMessage("wrong-character-set.hl7", "hl7v2", "MSH-18 says UTF-8, the bytes are ISO 8859-1"),
    BadMessage("truncated.mllp", "hl7v2", "a frame that stops before its end block"),
    BadMessage("bad-nhs-number.hl7", "hl7v2", "the NHS number fails modulus 11", accepted=True),
    BadMessage("document-type.xml", "openhr", "a document type with an entity"),
    BadMessage("cut-short.xml", "openhr", "XML that stops halfway"),
    BadMessage("not-json.json", "ers", "JSON that stops halfway"),
)
