"""Writes docs/reference/conformance.md and our score cards: `python -m tests.project.write_conformance`.

The cards are results: each connector is put through the kit, which takes a minute.  With `--page`, only the page; with
names of connectors, only their cards and the page.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from billsync.conformance.finding import WRITES, installed
from billsync.conformance.rule import Rule
from billsync.conformance.rules import RULES
from billsync.conformance.subject import Ability
from billsync.conformance.writes.rule import WriteRule
from billsync.conformance.writes.rules import WRITE_RULES
from billsync.conformance.writes.subject import Skill

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "conformance.md"
FOLDER = ROOT / "docs" / "reference" / "conformance"

HEAD = """# The conformance kit

What a connector must keep to while it reads and while it writes, as tests. Ours are put through it, and anybody else's
can be:

```
pip install "billsync[conformance]"
pytest --pyargs billsync.conformance --connector acme --conformance-report acme.json
```

Which system to try it on, and what people do there, says a *subject*: one class beside the connector
([how to write it](../how-to/write-a-connector.md#7-put-it-through-the-conformance-kit)). Without options every
installed subject is tried; `--subject module:Class` tries one that is not installed. The report is a score card, as
JSON and as Markdown beside it. A rule that needs what a system does not have is shown as not applicable, with the
subject's reason; an ability that is not declared as lacking must work. A connector that writes has a second subject, in
the entry-point group `billsync.conformance.writes`: how its documents are written, and what its own books say.

Score cards: {cards}.

"""
TAIL = "Made from the code by `python -m tests.project.write_conformance`.\n"


def pages() -> dict[Path, str]:
    """What is made without trying anything: file -> what stands in it."""
    cards = ", ".join(f"[{card.stem}](conformance/{card.name})" for card in sorted(FOLDER.glob("*.md")))
    toc = "".join(f"| [{rule.name}](#{rule.name}) | {rule.promise} |\n" for rule in RULES.values())
    rules = "".join(_rule(rule) for rule in RULES.values())
    abilities = "".join(f"| `{ability.name}` | {_needed(ability)} |\n" for ability in Ability)
    written = "".join(f"| [{rule.name}](#{rule.name}) | {rule.promise} |\n" for rule in WRITE_RULES.values())
    write_rules = "".join(_write_rule(rule) for rule in WRITE_RULES.values())
    skills = "".join(f"| `{skill.name}` | {_skilled(skill)} |\n" for skill in Skill)
    return {
        PAGE: f"{HEAD.format(cards=cards)}Reading:\n\n| rule | promise |\n|---|---|\n{toc}\n"
        f"Writing:\n\n| rule | promise |\n|---|---|\n{written}\n{rules}{write_rules}## Abilities\n\n"
        "What a subject of reading may declare as lacking, and the rules that then do not apply.\n\n"
        f"| ability | rules |\n|---|---|\n{abilities}\n## Skills\n\n"
        "The same of a subject of writing.\n\n"
        f"| skill | rules |\n|---|---|\n{skills}\n{TAIL}"
    }


def _rule(rule: Rule) -> str:
    needs = f"\n\nNeeds {', '.join(f'`{ability.name}`' for ability in rule.needs)}." if rule.needs else ""
    scope = "on every kind of record" if rule.every else "on one kind of record"
    how = rule.how.replace("\n", " ")
    parts = (
        f"## {rule.name}",
        f"**{rule.promise}.**",
        how,
        f"Where it is broken: {rule.costs}.",
        f"Tried {scope}.{needs}",
    )
    return "\n\n".join(parts) + "\n\n"


def _write_rule(rule: WriteRule) -> str:
    needs = f"\n\nNeeds {', '.join(f'`{skill.name}`' for skill in rule.needs)}." if rule.needs else ""
    how = rule.how.replace("\n", " ")
    return f"## {rule.name}\n\n**{rule.promise}.**\n\n{how}\n\nWhere it is broken: {rule.costs}.{needs}\n\n"


def _skilled(skill: Skill) -> str:
    names = [f"[{rule.name}](#{rule.name})" for rule in WRITE_RULES.values() if skill in rule.needs]
    return ", ".join(names) or "used where it is there"


def _needed(ability: Ability) -> str:
    names = [f"[{rule.name}](#{rule.name})" for rule in RULES.values() if ability in rule.needs]
    return ", ".join(names) or "used by the random walk"


def cards(names: Sequence[str]) -> None:
    """Put these connectors through the kit, and write their cards."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names:
        report = ["--connector", name, "--conformance-report", str(FOLDER / f"{name}.json")]
        command = [sys.executable, "-m", "pytest", "-q", "-n0", "--pyargs", "billsync.conformance", *report]
        subprocess.run(command, cwd=ROOT, check=False)
        card = FOLDER / f"{name}.md"
        card.write_text(card.read_text(encoding="utf-8").replace("(docs/reference/", "(../"), encoding="utf-8")


def main() -> None:
    if "--page" not in sys.argv[1:]:
        cards(sys.argv[1:] or sorted({*installed(), *installed(WRITES)}))
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
