"""Writes schemas/ from the code: `python -m tests.project.write_schemas`.

The configuration's schema has the settings of the connectors that are shipped; `billsync schema config` has those that
are installed.
"""

from __future__ import annotations

import json
from pathlib import Path

from billsync import plugins
from billsync.cli.schemas import makers
from billsync.settings.editors import config_schema

FOLDER = Path(__file__).parents[2] / "schemas"
SHIPPED = ("files", "sandbox", "tryton")


def texts() -> dict[str, str]:
    """File name -> what stands in it."""
    made = {name: make for name, make in makers().items() if name != "config"}
    config = config_schema({name: plugins.load_connector(name).config for name in SHIPPED})
    found = {"config": config, **{name: make() for name, make in made.items()}}
    return {
        f"{name}.json": json.dumps(schema, indent=2, ensure_ascii=False, default=str) + "\n"
        for name, schema in found.items()
    }


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    made = texts()
    for stale in FOLDER.glob("*.json"):
        if stale.name not in made:
            stale.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
