"""XML and JSON of every R4 resource, each from the other without loss (FHIR R4, xml.html and json.html)."""

from __future__ import annotations

from typing import Any

from interop.fhir.xml.reading import Reading, read_resource_xml
from interop.fhir.xml.writing import to_xml

__all__ = ["Reading", "from_xml", "read_resource_xml", "to_xml"]


def from_xml(body: bytes) -> dict[str, Any]:
    """The resource in an XML document, as ``read_resource_xml`` reads it, without findings. Raises the same Problems."""
    return read_resource_xml(body).resource
