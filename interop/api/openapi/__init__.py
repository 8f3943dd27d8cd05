"""What the server does as an OpenAPI 3.1 document and as pages, from the tables that route it."""

from __future__ import annotations

from interop.api.openapi.document import document as document
from interop.api.openapi.document import openapi as openapi
from interop.api.openapi.document import present as present
