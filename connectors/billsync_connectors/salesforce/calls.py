"""Salesforce's daily limit in figures, and what answers say of it.  (pure)

An org has 100,000 calls in 24 hours and more by licence (15,000 in a developer's org): the header says how many, and
where it is fewer than we know that counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from billsync.connector import CallLimit, Said
from billsync_connectors.salesforce.budget import usage

LIMITS: Final = (CallLimit(name="day", calls=100_000, within_s=86_400),)


def said(headers: Mapping[str, str]) -> list[Said]:
    """What `Sforce-Limit-Info` says."""
    found = usage(headers.get("sforce-limit-info", ""))
    return [] if found is None else [Said("day", remaining=max(0, found[1] - found[0]), most=max(1, found[1]))]
