"""One module per area of the engine; importing it registers its readers."""

from __future__ import annotations

from tests.golden.readers import calendar, insight, invoices, money, pricing, proration, usage
from tests.golden.reading import answer

__all__ = ["answer", "calendar", "insight", "invoices", "money", "pricing", "proration", "usage"]
