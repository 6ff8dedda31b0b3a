"""Writes docs/reference/functions from the registry of functions: `python -m tests.project.write_functions`."""

from __future__ import annotations

from pathlib import Path

from billsync.mapping import FUNCTIONS, Function

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "functions"
MADE = "Made from the code by `python -m tests.project.write_functions`; every example on it runs as a test.\n"

THEMES = {
    "choices": "Choices: conditions, nothing in its three forms, lookups",
    "numbers": "Numbers: exact, rounded only where a scale is named",
    "text": "Text: positions count from 1, nothing is empty text",
    "dates": "Dates and instants: no function knows what day it is",
    "lists": "Lists: a single value counts as a list of one, nothing as an empty list",
}

INDEX = """# Formula functions

What may stand under `expr:` and `when:` ([the mapping language](../mapping.md)). `billsync mapping functions NAME`
shows the same. In a signature `?` marks what may be left out, `...` what may be repeated; the kinds are text, number,
boolean, date, instant, list, table, or any.
"""


def pages() -> dict[str, str]:
    """File name -> what stands in it."""
    made = {f"{function.name}.md": page(function) for function in FUNCTIONS.values()}
    return {"index.md": index(), **made}


def page(function: Function) -> str:
    """The page of one function."""
    examples = "".join(f"{example}\n" for example in function.examples)
    faults = "".join(
        f"| `{formula}` | {message.replace('|', chr(92) + '|')} |\n" for formula, message in function.fails
    )
    note = f"\n{function.note}\n" if function.note else ""
    return (
        f"# {function.name}\n\n`{function.signature}`\n\n{function.summary}\n{note}\n"
        f"These are TRUE:\n\n```formula\n{examples}```\n\n"
        f"These are refused:\n\n| formula | what is said |\n|---|---|\n{faults}\n"
        f"[All functions](index.md) · [The mapping language](../mapping.md)\n\n{MADE}"
    )


def index() -> str:
    """The page that lists them all."""
    parts = [INDEX]
    for theme, title in THEMES.items():
        rows = [f for f in sorted(FUNCTIONS.values(), key=lambda each: each.name) if f.theme == theme]
        lines = "".join(f"| [{f.name}]({f.name}.md) | {f.summary.replace('|', chr(92) + '|')} |\n" for f in rows)
        parts.append(f"\n## {title}\n\n| function | gives |\n|---|---|\n{lines}")
    return "".join(parts) + f"\n{MADE}"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = pages()
    for stale in FOLDER.glob("*.md"):
        if stale.name not in made:
            stale.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
