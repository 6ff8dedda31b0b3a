"""`init`, `doctor`, `connectors`.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from billsync import assets, plugins, schedule, settings, workspace
from billsync.cli import guard, mapping_files, sheet_words, show
from billsync.connector import Capabilities, Fault
from billsync.store import StoreUnusable

ENV_EXAMPLE = """\
# Secrets that billsync.yaml refers to as env:NAME. Copy to .env, fill in, and load it before billsync runs:
#   set -a; . ./.env; set +a
TRYTON_PASSWORD=
"""

README = """\
# A billsync working folder

- `billsync.yaml`: the systems and the pipelines. `billsync doctor` checks it.
- `mappings/`: which field becomes which, with their own tests. `billsync mapping lint`, `billsync mapping test`.
- `schemas/`: what editors complete and check YAML by (the first line of each file names one of them).
- `crm/`: put the CRM's export here (accounts.csv, products.csv, sales_pipeline.csv).
- `.env.example`: the secrets that are needed, without their values.

    billsync doctor        # is everything in place?
    billsync sync          # one run
    billsync status        # what happened, what is open
    billsync errors list   # what has to be looked at, and what to do
"""


def init(folder: Path, source: str, target: str, *, sandbox: bool) -> int:
    """Make a working folder."""
    if folder.exists() and not folder.is_dir():
        raise guard.Wrong(f"'{show.visible(str(folder))}' is a file: name a folder, or one that is not there yet")
    template = assets.folder("config") / f"{source}-{target}.example.yaml"
    if not template.is_file():
        known = sorted(file.name.removesuffix(".example.yaml") for file in template.parent.glob("*-*.example.yaml"))
        pairs = ", ".join(f"--from {pair.replace('-', ' --to ', 1)}" for pair in known)
        show.remark(f"there is no starting configuration from {source} to {target}; there is: {pairs}")
        return guard.USAGE
    made, left = assets.copy_tree(assets.folder("mappings"), folder / "mappings")
    schemas = assets.copy_schemas(folder)
    made, left = [*made, *schemas[0]], [*left, *schemas[1]]
    texts = {
        "billsync.yaml": _with_sandbox(assets.example_config(f"{source}-{target}"), sandbox),
        ".env.example": ENV_EXAMPLE,
        "README.md": README,
    }
    for name, text in texts.items():
        (left if (folder / name).exists() else made).append(folder / name)
        if not (folder / name).exists():
            (folder / name).write_text(text, encoding="utf-8")
    (folder / "crm").mkdir(exist_ok=True)
    show.line(f"made {len(made)} files in {folder}" + (f", left {len(left)} that were there" if left else ""))
    if source == "files":
        secret = "" if sandbox else ", set TRYTON_PASSWORD"
        show.line(f"next: put the export into crm/{secret}, and run `billsync doctor`")
    else:
        show.line("next: run `billsync doctor`")
    return guard.OK


REAL, SANDBOX, END = "    # --- the ERP itself\n", "    # --- or a sandbox\n", "    # ---\n"
"""Marks in a starting configuration around the two ways to name an ERP."""


def _with_sandbox(text: str, sandbox: bool) -> str:
    """The starting configuration with one of the two ways to name the ERP, the other as a comment."""
    head, _, rest = text.partition(REAL)
    real, _, rest = rest.partition(SANDBOX)
    beside, _, tail = rest.partition(END)
    if sandbox:
        real, beside = _commented(real), _uncommented(beside)
    return head + real + beside + tail


def _commented(block: str) -> str:
    return "".join(f"    # {line.removeprefix('    ')}" for line in block.splitlines(keepends=True))


def _uncommented(block: str) -> str:
    return block.replace("    # sandbox:", "    sandbox:")


# ---------------------------------------------------------------- doctor


def doctor(config: Path, format: show.Format) -> int:
    """One line a check, with the mend."""
    loaded = settings.load(config)
    rows = [{"check": "configuration", "state": "ok", "detail": str(config)}]
    code = guard.OK
    for name, check in _checks(loaded):
        try:
            state, detail = "ok", check()
        except (Fault, StoreUnusable, settings.BadSettings, plugins.PluginProblem, OSError, ValueError) as error:
            state, detail = "wrong", str(error)
            code = code or _code(error)
        rows.append({"check": name, "state": state, "detail": detail})
    show.rows("Doctor", ["check", "state", "detail"], rows, format=format)
    return code


def _code(error: Exception) -> int:
    if isinstance(error, StoreUnusable):
        return guard.STORE
    return guard.UNREACHABLE if isinstance(error, Fault) else guard.USAGE


def _checks(loaded: settings.Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "store", partial(_store, loaded)
    yield "time zones", _zones
    if loaded.vault:
        yield "vault", partial(_vault, loaded)
    for name in loaded.connections:
        yield f"connection {name}", partial(_connection, loaded, name)
    for name, pipeline in loaded.pipelines.items():
        yield f"mappings of {name}", partial(_mappings, loaded, pipeline)


def _store(loaded: settings.Settings) -> str:
    with workspace.opened(loaded, schedule.SystemClock()) as opened:
        remarks = opened.store.check()
    return "; ".join(remarks) or "whole, and of this version"


def _vault(loaded: settings.Settings) -> str:
    """Raises `BadSettings` for a key that cannot be read, `Refused` for what no key opens."""
    keys = workspace.vault_keys(loaded)
    with workspace.opened(loaded, schedule.SystemClock()) as opened:
        with opened.store.view() as tx:
            kept = tx.kept.list()
        for stored in kept:
            workspace.keep_of(opened, stored.connection).get(stored.name)
    return f"sealed by {keys[0].id}; {len(kept)} kept"


def _zones() -> str:
    from zoneinfo import available_timezones

    return f"{len(available_timezones())} IANA zones"


def _connection(loaded: settings.Settings, name: str) -> str:
    with workspace.opened(loaded, schedule.SystemClock()) as opened, workspace.connected(opened, name) as end:
        health = end.connector.check()
    remarks = "".join(f"; {remark}" for remark in health.remarks)
    return f"{health.system} {health.version} as {health.identity}{remarks}".replace("  ", " ")


def _mappings(loaded: settings.Settings, pipeline: settings.Pipeline) -> str:
    names = (*pipeline.mappings.inbound, *pipeline.mappings.outbound, *pipeline.mappings.payments)
    return f"{len(workspace.read_mappings(names, loaded.root, mapping_files.variant_of(loaded, pipeline)))} mappings"


# ---------------------------------------------------------------- connectors


def connectors(format: show.Format) -> int:
    """The connectors that are installed."""
    rows = []
    for plugin in plugins.installed():
        row = {
            "name": plugin.name,
            "package": f"{plugin.package} {plugin.version}",
            "reads": "",
            "writes": "",
            "problem": "",
        }
        try:
            sheet = plugins.load_connector(plugin.name).capabilities
            row |= {"reads": ", ".join(sheet.reads) or "as configured", "writes": ", ".join(sheet.writes)}
        except plugins.PluginProblem as error:
            row["problem"] = str(error.problem)
        rows.append(row)
    show.rows("Connectors", ["name", "package", "reads", "writes", "problem"], rows, format=format, empty="none")
    return guard.OK


def connector(name: str, format: show.Format) -> int:
    """A connector's capability sheet."""
    sheet: Capabilities = plugins.load_connector(name).capabilities
    if format == "json":
        show.emit_json(sheet.model_dump(mode="json"))
        return guard.OK
    show.line(sheet.title)
    show.facts("", sheet_words.title_facts(sheet))
    guarantees, details = sheet_words.guarantee_rows(sheet), sheet_words.detail_rows(sheet)
    reads = sheet_words.read_rows(sheet)
    _table("Writes", guarantees, "writes nothing")
    if details:
        _table("What that rests on", details)
    _table("Reads", reads, "reads what the configuration names")
    for title, texts in sheet_words.lists(sheet).items():
        show.line(f"\n{title}")
        for text in texts:
            show.line(f"- {text}")
    return guard.OK


def _table(title: str, data: Sequence[Mapping[str, object]], empty: str = "") -> None:
    show.line()
    show.rows(title, list(data[0]) if data else [], data, empty=empty)
