"""EMIS OpenHR: one patient's GP record as XML (schema ``OpenHR001``)."""

from adapters.openhr.adapter import OpenHr

__all__ = ["OpenHr", "adapter"]

adapter = OpenHr()
