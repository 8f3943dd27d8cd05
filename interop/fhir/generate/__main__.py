"""Entry of ``python -m interop.fhir.generate``."""

from __future__ import annotations

import sys

from interop.fhir.generate.command import main

if __name__ == "__main__":
    sys.exit(main())
