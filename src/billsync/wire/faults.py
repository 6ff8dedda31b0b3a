"""What an HTTP answer or a broken connection means for the engine: TryLater, Refused or Unclear.  (pure)

The question is always the same: can it be proved that nothing was executed?  Where it cannot, a write is Unclear.
"""

from __future__ import annotations

from typing import Final

import httpx

from billsync.connector import Fault, Refused, TryLater, Unclear
from billsync.wire.address import NotAllowed

NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""Raised before the first byte of the request left: refused, DNS, TLS, no free connection."""

UNUSABLE: Final = (httpx.UnsupportedProtocol, httpx.InvalidURL)
"""Raised because the request itself cannot be made: another try would fail too."""

FOREIGN: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError, OSError, ValueError)
"""Everything that httpx may raise."""

BUSY: Final = frozenset({425, 429})
AUTH: Final = frozenset({401, 403, 407})
AGAIN: Final = frozenset({408, 502, 503, 504})
"""Answers to a read that may be different a moment later."""


def of_exception(error: Exception, system: str, *, write: bool, expired: bool = False) -> Fault:
    """What a broken exchange means.

    Args:
        error: what httpx raised.
        system: the connection's name, for the message.
        write: True where the request may have changed something.
        expired: True where the whole request's deadline was over.
    """
    if isinstance(error, NotAllowed):
        return TryLater("address_not_allowed", f"{system}: {error}", offline=True)
    if isinstance(error, NOT_SENT):
        return TryLater(
            "not_sent", f"{system}: no connection ({_why(error)}); is it running, is the address right?", offline=True
        )
    if isinstance(error, UNUSABLE):
        return Refused("bad_request", f"{system}: the request cannot be made ({_why(error)}); check the address")
    late = expired or isinstance(error, httpx.TimeoutException)
    reason = "timeout" if late else "connection_lost"
    what = "no complete answer in time" if late else f"the connection broke before the answer ({_why(error)})"
    if write:
        return Unclear(
            reason, f"{system}: {what}; the write may have taken effect, it is looked up before anything is sent"
        )
    return TryLater(reason, f"{system}: {what}", offline=True)


def _why(error: Exception) -> str:
    """The kind of fault, and what the operating system says; never text that could hold a secret of ours."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return f"{type(error).__name__}: {cause.strerror}"
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def of_write_status(
    status: int, system: str, said: str, *, after_s: int | None, not_executed: frozenset[int]
) -> Fault | None:
    """What the answer to a write means, or None for a success.

    Args:
        status: of the answer.
        system: the connection's name, for the message.
        said: the beginning of the answer, for people.
        after_s: seconds that the server asks to wait, or None.
        not_executed: 5xx answers with which this system proves that nothing was executed.
    """
    if 300 <= status < 400:
        return _redirected(status, system)
    known = _known(status, system, said, after_s)
    if status < 300 or known is not None:
        return known
    if status in not_executed:
        return TryLater("busy", f"{system}: answered {status}, nothing was executed{said}", after_s=after_s)
    if status >= 500 or status == 408:
        return Unclear(f"http_{status}", f"{system}: answered {status}; the write may have taken effect{said}")
    return Refused(f"http_{status}", f"{system}: refused the write with {status}{said}")


def of_read_status(status: int, system: str, said: str, *, after_s: int | None) -> Fault | None:
    """What the answer to a read means, or None for a success."""
    if 300 <= status < 400:
        return Refused("redirected", f"{system}: sends the request elsewhere ({status}); check the address")
    known = _known(status, system, said, after_s)
    if status < 300 or known is not None:
        return known
    if status >= 500 or status in AGAIN:
        return TryLater(f"http_{status}", f"{system}: answered {status}{said}", after_s=after_s, offline=True)
    return Refused(f"http_{status}", f"{system}: refused the read with {status}{said}")


def _known(status: int, system: str, said: str, after_s: int | None) -> Fault | None:
    if status in BUSY:
        return TryLater("rate_limited", f"{system}: too many requests ({status})", after_s=after_s)
    if status in AUTH:
        return TryLater(
            "auth", f"{system}: log-in or rights refused ({status}){said}; check user and password", offline=True
        )
    return None


def _redirected(status: int, system: str) -> Fault:
    """301 to 303 may follow a success (post, redirect, get) or lead to a log-in page; 307 and 308 were not executed."""
    if status in {307, 308}:
        return Refused("redirected", f"{system}: sends the write elsewhere ({status}): not followed; check the address")
    return Unclear("redirected", f"{system}: answered the write with a redirect ({status}): done, or a log-in page?")
