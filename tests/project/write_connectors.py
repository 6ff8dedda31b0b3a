"""Writes docs/reference/connectors from the capability sheets: `python -m tests.project.write_connectors`.

One page per connector that writes, and an overview: who gives which guarantee.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from billsync import plugins
from billsync.cli import sheet_words
from billsync.connector import Capabilities

DOCS: Final = Path(__file__).parents[2] / "docs"
FOLDER: Final = DOCS / "reference" / "connectors"
MADE: Final = "Made from the connector's capability sheet by `python -m tests.project.write_connectors`."
DOCUMENTS: Final = ("customer", "item", "invoice", "credit note", "payment")
NAMES: Final = {"party": "customer", "partner": "customer", "product": "item", "credit_memo": "credit note"}
"""What systems call one of our documents."""

OVERVIEW: Final = """\
# Connectors: who gives which guarantee

{made} `billsync connectors show NAME` prints the same.

What a target offers so that one intent has one effect, and what is done where the outcome of a write is not known
([promises](../promises.md)):

{letters}

{table}

The sandbox is what its settings say: A, B, C or D. Tax is worked out there from a code, or ours is taken.
"""


def sheets() -> dict[str, Capabilities]:
    """The sheets of the connectors that are shipped here, by name."""
    ours = [plugin.name for plugin in plugins.installed() if plugin.value.startswith("billsync_connectors.")]
    return {name: plugins.load_connector(name).capabilities for name in ours}


def pages() -> dict[str, str]:
    """File name -> text of every page."""
    found = {name: sheet for name, sheet in sheets().items() if sheet.writes}
    return {"README.md": overview(found), **{f"{name}.md": page(name, sheet) for name, sheet in found.items()}}


def page(name: str, sheet: Capabilities) -> str:
    """What one connector promises, and what that rests on."""
    facts = [f"- {what}: {value}" for what, value in sheet_words.title_facts(sheet).items() if value]
    parts = [f"# {sheet.title}: what the connector promises", f"{MADE} {_guides(name)}".strip(), "\n".join(facts)]
    parts += ["## What it writes", _table(sheet_words.guarantee_rows(sheet)), _meanings(sheet)]
    if details := sheet_words.detail_rows(sheet):
        parts += ["## What that rests on", _table(details)]
    if reads := sheet_words.read_rows(sheet):
        parts += ["## What it reads", _table(reads)]
    for title, texts in sheet_words.lists(sheet).items():
        parts += [f"## {title}", "\n".join(f"- {text}" for text in texts)]
    return "\n\n".join(parts) + "\n"


def _guides(name: str) -> str:
    """Links to what else is said of the system."""
    known = {
        f"how-to/connect-{name}.md": "how to connect it",
        f"reference/conformance/{name}.md": "what was tried with it",
        f"reference/conformance/{name}-writing.md": "how its writes were tried",
        f"reference/{name}-stand-in.md": "its stand-in",
    }
    there = [f"[{text}](../../{file})" for file, text in known.items() if (DOCS / file).is_file()]
    return f"See also: {', '.join(there)}." if there else ""


def _meanings(sheet: Capabilities) -> str:
    kinds = dict.fromkeys(write.target for write in sheet.writes.values())
    rows = [
        f"- {sheet_words.GUARANTEES[kind]}. After an unclear outcome: {sheet_words.PROMISES[kind]}." for kind in kinds
    ]
    return "\n".join([*rows, "", "[What is promised](../promises.md) says what each kind means and where it ends."])


def overview(found: Mapping[str, Capabilities]) -> str:
    """Who gives which guarantee."""
    rows = [
        {"system": f"[{sheet.title}]({name}.md)", **_letters(sheet), "files": _files(sheet), "tax": sheet.tax or ""}
        for name, sheet in found.items()
    ]
    letters = "\n".join(f"- {sheet_words.GUARANTEES[kind]}: {text}" for kind, text in sheet_words.PROMISES.items())
    return OVERVIEW.format(made=MADE, letters=letters, table=_table(rows))


def _letters(sheet: Capabilities) -> dict[str, str]:
    told = {NAMES.get(object, object.replace("_", " ")): str(write.target) for object, write in sheet.writes.items()}
    others = [f"{name} {letter}" for name, letter in told.items() if name not in DOCUMENTS]
    return {**{name: told.get(name, "") for name in DOCUMENTS}, "others": ", ".join(others)}


def _files(sheet: Capabilities) -> str:
    return ", ".join(object.replace("_", " ") for object, write in sheet.writes.items() if write.attaches)


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([_cell(row[name]) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def written(folder: Path, texts: Mapping[str, str]) -> None:
    """The pages, and no others, in a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def stale(folder: Path, texts: Mapping[str, str]) -> Iterable[str]:
    """Names of pages in a folder that are not what the sheets say, missing and superfluous ones too."""
    there = {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.md"))}
    return sorted(name for name in {*there, *texts} if there.get(name) != texts.get(name))


if __name__ == "__main__":
    written(FOLDER, pages())
