"""A person lets billsync in by a browser: listens on this machine for the way back, or takes the pasted one.  (shell)

Only an answer with the state of this very try counts: another page cannot push its own account in.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Final
from urllib.parse import parse_qs, urlsplit

from billsync.cli import guard, show
from billsync.connector import Connector

REDIRECT: Final = "http://localhost:8461/billsync"
"""Where the browser comes back to; the app has to name this address at the vendor."""

_HERE: Final = ("localhost", "127.0.0.1")
_PAGE: Final = "<!doctype html><html><head><title>billsync</title></head><body><p>{}</p></body></html>"
_DONE: Final = "Thank you. You can close this window: billsync goes on in the terminal."
_OTHER: Final = "This is not the answer that billsync waits for. Begin again in the terminal."


@dataclass(frozen=True, slots=True)
class Way:
    """How a person comes back.

    Attributes:
        browser: False where the address is only shown, and the one that the browser ends at is pasted.
        wait_s: seconds to wait for it.
        pasted: asks for the pasted address.
    """

    redirect: str
    browser: bool
    wait_s: int
    pasted: Callable[[], str]


def let_in(connector: Connector, way: Way) -> None:
    """Have a person agree, and the connector keep its tokens.  Raises `guard.Wrong`, and what `consented` raises."""
    state = secrets.token_urlsafe(24)
    address = connector.consent(way.redirect, state)
    listens = way.browser and urlsplit(way.redirect).hostname in _HERE and urlsplit(way.redirect).scheme == "http"
    show.remark(f"\nOpen this address, log in, and agree:\n\n  {address}\n")
    answer = _heard(way, state, address) if listens else _told(way, state)
    if "error" in answer:
        raise guard.Wrong(f"nobody agreed: {show.visible(answer.get('error_description') or answer['error'])}")
    connector.consented(answer, way.redirect)


def _told(way: Way, state: str) -> dict[str, str]:
    """From the pasted address."""
    show.remark(f"Afterwards the browser goes to {way.redirect}; whether a page is shown there does not matter.")
    answer = _of(urlsplit(way.pasted()).query)
    if not _ours(answer, state):
        raise guard.Wrong("this is not the address that the browser was sent to: begin again, and paste all of it")
    return answer


def _of(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


def _ours(answer: Mapping[str, str], state: str) -> bool:
    return hmac.compare_digest(answer.get("state", "").encode(), state.encode())


# ---------------------------------------------------------------- listening


@dataclass(slots=True)
class _Waiting:
    """What the door waits for."""

    path: str
    state: str
    answer: dict[str, str] = field(default_factory=dict)


def _heard(way: Way, state: str, address: str) -> dict[str, str]:
    """From the browser itself, within the time."""
    where, waiting = urlsplit(way.redirect), _Waiting(urlsplit(way.redirect).path or "/", state)
    try:
        server = HTTPServer((_HERE[1], where.port or 80), _door(waiting))
    except OSError as error:
        what = f"nothing can be heard on port {where.port or 80} of this machine ({error.strerror})"
        raise guard.Wrong(f"{what}: free it, name another address with --redirect, or use --no-browser") from None
    with server:
        # beside: a browser in the terminal would wait for our answer, and we for it
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        show.remark(f"waiting up to {way.wait_s} seconds; where no browser opens, open it yourself, on this machine")
        deadline = time.monotonic() + way.wait_s
        while not waiting.answer and (left := deadline - time.monotonic()) > 0:
            server.timeout = left
            server.handle_request()
    if not waiting.answer:
        raise guard.Wrong(f"nobody agreed within {way.wait_s} seconds: begin again, with --wait for more time")
    return waiting.answer


def _door(waiting: _Waiting) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        """Takes the one answer; everything else is no news."""

        timeout = 5

        def do_GET(self) -> None:
            """The browser comes back."""
            asked = urlsplit(self.path)
            answer = _of(asked.query)
            good = asked.path == waiting.path and _ours(answer, waiting.state)
            if good:
                waiting.answer.update(answer)
            body = _PAGE.format(_DONE if good else _OTHER).encode()
            self.send_response(200 if good else 400)
            for name, value in (("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """The code in the address is nobody's business."""

    return Door
