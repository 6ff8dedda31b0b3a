"""Mail over SMTP: text and HTML, one Message-ID for each message, one thread for each alert.  (shell)"""

from __future__ import annotations

import smtplib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Final

from billsync.alerts.channels.port import ChannelFault
from billsync.alerts.message import Message, html, text
from billsync.settings.alerts import Mail
from billsync.wire.address import BadAddress, Kind, is_this_machine, kind_of, written

TIMEOUT_S: Final = 15.0
DEADLINE_S: Final = 60.0
"""Seconds for all of it: a server that says one letter at a time does not hold up what comes after."""


class MailWay:
    """One SMTP server and who gets mail over it."""

    def __init__(self, name: str, given: Mail, root: Path) -> None:
        self._name, self._given, self._root = name, given, root
        if given.security == "none" and not _own(given):
            raise ChannelFault(f"{name}: `security: none` is for a host of the own network: use starttls or tls")

    def send(self, message: Message) -> None:
        """Hand it to the server.  Raises `ChannelFault`."""
        mail = composed(message, self._given)
        try:
            with self._server() as server:
                refused = server.send_message(mail)
        except smtplib.SMTPException as error:
            raise ChannelFault(f"{self._name}: {_said(error)}") from None
        except (OSError, ValueError) as error:
            raise ChannelFault(f"{self._name}: {self._given.host}: {_reason(error)}") from None
        if len(refused) == len(self._given.to):  # smtplib raises in this case; a server may still answer oddly
            raise ChannelFault(f"{self._name}: the server took none of the addresses")

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        """A session that is logged in; whatever it does, it is over at the deadline."""
        given = self._given
        context = ssl.create_default_context(cafile=None if given.ca_file is None else str(self._root / given.ca_file))
        if given.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(given.host, given.port, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(given.host, given.port, timeout=TIMEOUT_S)
        alarm = threading.Timer(DEADLINE_S, _cut, [server])
        alarm.daemon = True
        alarm.start()
        try:
            server.ehlo_or_helo_if_needed()
            if given.security == "starttls":
                server.starttls(context=context)
            if given.password is not None:
                server.login(given.user, given.password.get_secret_value())
            yield server
            with suppress(smtplib.SMTPException, OSError):
                server.quit()  # the mail is taken by then
        finally:
            alarm.cancel()
            server.close()


def _cut(server: smtplib.SMTP) -> None:
    sock = server.sock
    with suppress(OSError):
        if sock is not None:
            sock.shutdown(2)


def _own(given: Mail) -> bool:
    """Whether the host is one of the own network."""
    try:
        literal = written(given.host)
    except BadAddress:
        return False
    if literal is not None:
        return kind_of(literal) in {Kind.LOOPBACK, Kind.PRIVATE}
    return is_this_machine(given.host) or given.allow_private


def _said(error: smtplib.SMTPException) -> str:
    """What the server said, without addresses and without what was sent to it."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the server does not take user and password ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the server refused the mail ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = sorted({str(code) for code, _ in error.recipients.values()})
        return f"the server took none of the addresses ({', '.join(codes)})"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the server offers no STARTTLS or no log-in: choose another `security:` or port"
    return f"the session broke ({type(error).__name__})"


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return getattr(error, "strerror", None) or type(error).__name__


def composed(message: Message, given: Mail) -> EmailMessage:
    """The mail; the same message always gets the same Message-ID, so that one sent again is known as that."""
    domain = given.sender.rpartition("@")[2]
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = message.subject
    mail["From"] = given.sender
    mail["To"] = ", ".join(given.to)
    mail["Date"] = format_datetime(message.at)
    thread = f"<{message.thread}@{domain}>" if message.thread else ""
    first = len(message.notices) == 1 and message.notices[0].what == "raised"
    mail["Message-ID"] = thread if first else f"<{message.key}@{domain}>"
    if thread and not first:
        mail["In-Reply-To"] = mail["References"] = thread
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Billsync-Severity"] = str(message.severity)
    mail.set_content(text(message))
    mail.add_alternative(html(message), subtype="html")
    return mail
