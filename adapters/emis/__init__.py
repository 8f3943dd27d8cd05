"""The EMIS extract, versions 5.0 to 5.4: tables as CSV files with a header."""

from adapters.emis.adapter import Emis

__all__ = ["Emis", "adapter"]

adapter = Emis()
