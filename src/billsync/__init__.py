"""billsync keeps billing in step between CRMs and ERPs."""

__version__ = "0.1.0"
