"""The attacks of the catalogue: what billsync does, and the words that the tests' names begin with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attack:
    """One row.

    Attributes:
        number: A1 to A47.
        attack: what is tried.
        answer: what billsync does; of one that is not tested here, why.
        where: folders or files of tests beside `tests/security/`, whose tests do not bear the number.
        later: the part of billsync that it is about does not exist yet.
    """

    number: str
    attack: str
    answer: str
    where: tuple[str, ...] = ()
    later: bool = False


_HOOKS = "there are no webhooks yet; they come with the CRM and payment connectors"
_CONSOLE = "there is no console yet"
_PAPER = "invoices are not rendered yet"

ATTACKS = [
    Attack("A1", "a webhook without or with a wrong signature", _HOOKS, later=True),
    Attack("A2", "a signature header to stumble over", _HOOKS, later=True),
    Attack("A3", "a valid webhook, replayed late or dated ahead", _HOOKS, later=True),
    Attack("A4", "a valid webhook, replayed at once", _HOOKS, later=True),
    Attack("A5", "a webhook's body, changed after signing", _HOOKS, later=True),
    Attack("A6", "an old secret during its rotation", _HOOKS, later=True),
    Attack("A7", "a forged event for somebody else's endpoint", _HOOKS, later=True),
    Attack(
        "A8",
        "an address of the own network or of cloud metadata, also as `127.1`, `0x7f.1`, `2130706433`, other digits",
        "refused at its line of the configuration; names are judged again by the addresses that they resolve to, before"
        " anything is sent. https only, but to the own network",
    ),
    Attack("A9", "the same as IPv6: mapped, NAT64, 6to4, Teredo, link-local, multicast", "never spoken to"),
    Attack(
        "A10",
        "a name that resolves otherwise at the second look (DNS rebinding)",
        "the address that was judged is the one that is dialled; Host and TLS keep the name",
    ),
    Attack(
        "A11",
        "a redirect to an internal address",
        "writes follow none; reads only within the origin and the hosts that the connection names, at most 5",
    ),
    Attack("A12", "a next-page link to another host", "not followed; the log-in is not sent there"),
    Attack("A13", "a YAML bomb", "at most 50 aliases, 100,000 values, 1 MiB"),
    Attack("A14", "YAML that makes Python objects", "tags are refused with their line"),
    Attack(
        "A15",
        "YAML traps: `NO`, `0123`, `12:30:45`, a key twice",
        "text is what was written; a second key is refused",
        ("tests/bad_input/test_yaml.py", "tests/model/test_yaml.py"),
    ),
    Attack("A16", "YAML, JSON and formulas nested thousands of levels deep", "refused with line and column"),
    Attack(
        "A17",
        "a formula that reaches into Python",
        "a grammar of our own; what it compiles to holds texts as literals and calls only what it is given",
    ),
    Attack(
        "A18", "a formula that never ends or fills the memory", "no loops, no powers; lengths and depth are bounded"
    ),
    Attack("A19", "a regular expression that never ends", "formulas have none"),
    Attack("A20", "a template that escapes its sandbox", _PAPER, later=True),
    Attack("A21", "template code in a customer's name", _PAPER, later=True),
    Attack("A22", "HTML in a name that makes the PDF read files", _PAPER, later=True),
    Attack("A23", "a PDF without end", _PAPER, later=True),
    Attack(
        "A24",
        "a spreadsheet formula in a name",
        "cells that begin like one get an apostrophe, in every CSV file that is written",
    ),
    Attack("A25", "`1e3000000` as an amount", "at most 18 digits and 12 decimals, judged before it is computed"),
    Attack("A26", "an answer of 300 KB that unpacks to 300 MB", "unpacked piece by piece, at most 20 MiB"),
    Attack("A27", "a zip or xlsx bomb", "no such files are read yet", later=True),
    Attack(
        "A28",
        "`../`, absolute paths, links and NUL in names of files",
        "what comes from outside never names a file; tables of a mapping lie in its folder or the working folder",
    ),
    Attack("A29", "escape sequences and line ends in a name", "shown as visible characters, on a terminal and piped"),
    Attack(
        "A30",
        "secrets that come back in errors, logs or the store",
        "planted, every fault run, nothing found: what a system echoes is blacked out in every spelling",
    ),
    Attack("A31", "a secret in the configuration", "refused and not repeated: `env:NAME` or `file:PATH` (mode 0600)"),
    Attack("A32", "a secret on the command line", "no option takes one"),
    Attack("A33", "the console: brute force, CSRF, session fixation", _CONSOLE, later=True),
    Attack("A34", "the console: Host header, DNS rebinding", _CONSOLE, later=True),
    Attack("A35", 'the console: a viewer presses "resend"', _CONSOLE, later=True),
    Attack("A36", "the console: fields that nobody asked for", _CONSOLE, later=True),
    Attack("A37", "the console: a script in a deal's name", _CONSOLE, later=True),
    Attack("A38", "SQL in filters, ids and names", "values are bound, never written into a statement"),
    Attack("A39", "a pickle in the database that runs code", "none is read; schedules are made from the configuration"),
    Attack(
        "A40",
        "a malicious plugin, a package that changed",
        "only connectors that the configuration names are loaded; `requirements.lock` holds the hash of every package",
    ),
    Attack(
        "A41",
        "a CRM that suddenly has a million deals, or one of 10^9",
        "bounds park the connection until a person has looked",
        ("tests/push/test_gates.py",),
    ),
    Attack("A42", "a flood of webhooks", _HOOKS, later=True),
    Attack(
        "A43",
        "a certificate that nobody vouches for, a setting that stops checking",
        "refused; `ca_file` names an authority of one's own; no setting, no variable turns the check off",
    ),
    Attack(
        "A44",
        "rows of the ledger edited or deleted behind our back",
        "the database refuses; `verify` names them, exit 4",
    ),
    Attack(
        "A45",
        "a person who says of a write that it never took effect, wrongly",
        "the document's reference has to be typed out; it is looked up once more before anything is sent again",
        ("tests/cli/test_commands.py",),
    ),
    Attack(
        "A46", "the time that a comparison of keys takes", "nothing of ours checks keys yet: " + _CONSOLE, later=True
    ),
    Attack("A47", "a fuzzer on every route", _CONSOLE, later=True),
]
