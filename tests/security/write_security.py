"""Writes docs/reference/security.md from the catalogue and the tests: `python -m tests.security.write_security`."""

from __future__ import annotations

import re
from pathlib import Path

from tests.security.catalogue import ATTACKS, Attack

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "security.md"

HEAD = """# Security: what is tried, what billsync does, where it is tested

Made by `python -m tests.security.write_security` from `tests/security/catalogue.py` and the names of the tests, and
checked by them.

## Where a connection may lead

| the host in `url` | plain http | https |
|---|---|---|
| an address written out: `127.0.0.1`, `10.0.0.5`, `[fd12::1]`; `localhost` | yes | yes |
| a name that leads to public addresses | no | yes |
| a name that leads into the own network | with `allow_private: true` | with `allow_private: true` |
| cloud metadata, link-local, multicast, reserved, IPv4 inside of IPv6 (also NAT64), `127.1`, `0x7f.1` | never | never |

An address that is written out is the operator's own choice; a name is somebody's who may change it. Further settings
of every connection that speaks HTTP: `allow_hosts` (hosts that answers may lead to: `files.example.com`, with `:port`
where it is not the usual one) and `ca_file` (PEM file of the authority that signed the system's certificate). Proxy
variables of the environment are not heeded.

## Secrets

They stand in the configuration as references, `env:NAME` or `file:PATH` (mode 0600), and are fetched when a connection
is opened. A system that echoes them is not repeated. Records are stored as they were read, personal data included: the
store is made with mode 0600, and a backup needs the same care.

## What is installed

    pip install --require-hashes --requirement requirements.lock
    pip install --no-deps billsync

`make lock` renews the file. A connector of somebody else is code that you run: it is loaded only where a configuration
names it.

## The attacks

| | attack | what billsync does | tests |
|---|---|---|---|
"""


def where_tested(attack: Attack) -> list[str]:
    """Files of tests whose names bear the number, and those that the catalogue names."""
    mark = re.compile(rf"^def test_(?:\w*_)?{attack.number.lower()}_", flags=re.MULTILINE)
    found = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if mark.search(path.read_text(encoding="utf-8"))
    ]
    return [*found, *(name for name in attack.where if name not in found)]


def page() -> str:
    """The whole page."""
    rows = [
        f"| {attack.number} | {attack.attack} | {attack.answer} | "
        f"{'not yet' if attack.later else ', '.join(f'`{name}`' for name in where_tested(attack))} |\n"
        for attack in ATTACKS
    ]
    return HEAD + "".join(rows)


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
