"""The command line ``interop``. Commands import what they need when they run, so that ``--help`` is quick."""

from interop.cli.main import main

__all__ = ["main"]
