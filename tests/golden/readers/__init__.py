"""One module per area of the engine; importing it registers its readers."""

from __future__ import annotations

from tests.golden.readers import money, pricing
from tests.golden.reading import answer

__all__ = ["answer", "money", "pricing"]
