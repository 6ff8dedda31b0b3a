"""The command line's working folder, for data that is real."""

from tests.cli.conftest import place

__all__ = ["place"]
