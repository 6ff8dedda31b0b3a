"""What `check` tells: whose account it is, what the log-in may not do, what is missing there.  (shell)"""

from __future__ import annotations

from typing import Final

from billsync.connector import Fault, Health, TryLater
from billsync_connectors.hubspot.config import HubSpotSettings
from billsync_connectors.hubspot.definitions import Definitions
from billsync_connectors.hubspot.session import Session
from billsync_connectors.hubspot.writing import DEALS, Missing

_NEEDED: Final = ("companies", "contacts", "products", "deals", "line_items")
_FEW: Final = 1000


def health(session: Session, definitions: Definitions, missing: Missing, settings: HubSpotSettings) -> Health:
    """Reach the account.  Raises `TryLater` or `Refused`."""
    details = session.ask("GET", "account-info/{}/details")
    portal = str(details.get("portalId") or "")
    remarks = [
        _other(portal, settings),
        *_forbidden(session),
        *_lacking(definitions, missing, settings),
        _budget(session),
    ]
    way = "service key or private app" if settings.token is not None else f"OAuth app {settings.client_id}"
    return Health(
        system=f"HubSpot ({details.get('accountType') or 'account'})",
        version=settings.version,
        identity=f"account {portal}, by {way}{_left(session)}",
        remarks=tuple(remark for remark in remarks if remark),
    )


def _other(portal: str, settings: HubSpotSettings) -> str:
    if not settings.portal or settings.portal == portal:
        return ""
    return f"the log-in is of account {portal}, the connection says {settings.portal}"


def _forbidden(session: Session) -> list[str]:
    """Objects that the log-in may not read."""
    found = []
    for object in _NEEDED:
        try:
            session.ask("GET", f"crm/objects/{{}}/{object}", params={"limit": "1"})
        except TryLater as fault:
            if fault.reason != "auth" or "403" not in fault.message:
                raise
            found.append(f"{object} cannot be read: give the log-in the scope crm.objects.{object}.read")
    return found


def _lacking(definitions: Definitions, missing: Missing, settings: HubSpotSettings) -> list[str]:
    """Properties that are named in the settings and are not there, and those to be made."""
    try:
        found = [
            f"{object} have no property {name}: it is read as nothing"
            for object in settings.properties
            for name in definitions.unknown(object)
        ]
        missing.ensure(DEALS)
        absent = missing.of(DEALS)
    except Fault as fault:
        return [f"the properties of deals cannot be read: {fault.message}"]
    if absent:
        names = ", ".join(f"{row['name']} ({row['type']})" for row in absent)
        how = "make them in HubSpot, or set `create_properties: true`"
        found.append(f"what deals are told has no place there yet: {names}; {how}")
    return found


def _left(session: Session) -> str:
    return "" if session.left is None else f"; {session.left} requests are left today"


def _budget(session: Session) -> str:
    if session.left is None or session.left > _FEW:
        return ""
    return f"only {session.left} requests are left today: the account's other apps use them too"
