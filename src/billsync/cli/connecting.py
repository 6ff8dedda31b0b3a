"""`connect erp`: from an address and a password, or a consent, to a connection that was tried.  (shell)

Everything happens on a draft of the configuration.  It is written at the end, whole, when the trial came to the cent;
whatever breaks it off before leaves the configuration as it was, and no file behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from billsync import plugins, schedule, workspace
from billsync.cli import connect_choices as choices
from billsync.cli import connect_report, consenting, guard, matching, show, trying
from billsync.cli.asking import Asker
from billsync.cli.drafting import FOLDER, Draft
from billsync.connector import Books, Choice, Connector, Health, Refused, TryLater
from billsync.model.scalar import day_in_zone
from billsync.settings import Pipeline, proposing
from billsync.settings.editing import scalar
from billsync.shelf import read_mapping

_LOG_IN: Final = frozenset({"auth", "no_company"})
"""Reasons with which a person has to let us in."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says.

    Attributes:
        sets: `NAME=VALUE` of settings.
        sandbox: folder of a local stand-in, or None for the system itself.
        party, item: ids there that the trial is made out to, and is about; None for the first that the books show.
        silent: nobody is asked.
    """

    config: Path
    name: str | None = None
    connector: str | None = None
    url: str | None = None
    sets: Sequence[str] = ()
    sandbox: str | None = None
    pipeline: str | None = None
    party: str | None = None
    item: str | None = None
    silent: bool = False
    dry_run: bool = False
    trial: bool = True
    browser: bool = True
    redirect: str = consenting.REDIRECT
    wait_s: int = 300
    format: show.Format = "table"


def connect(asked: Asked) -> int:
    """Connect an ERP."""
    with Draft(asked.config) as draft:
        return _Walk(asked, draft).through()


class _Walk:
    """One walk through all the steps; each changes the draft."""

    def __init__(self, asked: Asked, draft: Draft) -> None:
        self.asked, self.draft, self.ask = asked, draft, Asker(asked.silent)
        loaded = draft.settings()
        self.pipeline = choices.pipeline_of(loaded, asked.pipeline, asked.name)
        name = asked.name or choices.target_of(loaded, self.pipeline) or "erp"
        self.new = name not in loaded.connections
        known = None if self.new else loaded.connections[name].connector
        self.found = connect_report.Found(name, known or asked.connector or self._system())
        if known and asked.connector not in (None, known):
            raise guard.Wrong(f"the connection {name} is of the type {known}: name another connection")
        self.kind = plugins.load_connector(self.found.connector)

    def through(self) -> int:
        """All steps, in order; the exit code."""
        self._settings()
        self._enter()
        self._choose()
        self._map()
        code = self._try()
        return self._end(code)

    @property
    def rules(self) -> Pipeline | None:
        """The pipeline that sends to it, or will."""
        return self.draft.settings().pipelines[self.pipeline] if self.pipeline else None

    def say(self, text: str) -> None:
        """Progress, for people."""
        show.remark(text)

    # ------------------------------------------------------------ 1 what the connection needs

    def _system(self) -> str:
        able = [Choice(name, sheet.title) for name, sheet in choices.erps()]
        found = self.ask.choice("Which system is it?", "Each has a connector of its own.", able, None)
        if found is None:
            known = ", ".join(choice.id for choice in able)
            raise guard.Wrong(f"name the system with --connector: {known}")
        return found

    def _settings(self) -> None:
        """Ask for what the connector's settings lack."""
        base = ["connections", self.found.name]
        if self.new:
            self.draft.put([*base, "connector"], self.found.connector)
        if self.asked.sandbox is not None:
            self.draft.put([*base, "sandbox", "folder"], self.asked.sandbox)
        if self.asked.url is not None:
            self.draft.put([*base, "url"], self.asked.url)
        needs = proposing.needs(self.kind.config)
        for pair in self.asked.sets:
            path, value = choices.setting(pair, needs)
            self.draft.put([*base, *path], value)
        if self.draft.given(*base, "sandbox") is not None:
            return  # it brings what is needed itself
        for need in needs.values():
            if need.needed and self.draft.given(*base, need.name) is None:
                self._need(need)

    def _need(self, need: proposing.Need) -> None:
        option = f"--set {need.name}={'env:NAME or file:PATH' if need.secret else 'VALUE'}"
        title = f"{self.found.name}: {need.name}"
        if self.ask.silent or not need.secret:
            value = self.ask.text(title, need.words, option, need.default)
        else:
            value = self.ask.text(title, f"{need.words}  {_SECRET}".strip(), option, secret=True)
            if not value.startswith(("env:", "file:")):
                value = self.draft.secret(f"{self.found.name}.{need.name}", value)
        self.draft.put(["connections", self.found.name, need.name], value)

    # ------------------------------------------------------------ 2 reach it, and be let in

    @contextmanager
    def _open(self) -> Iterator[Connector]:
        settings = self.draft.settings()
        with (
            workspace.opened(settings, schedule.SystemClock()) as opened,
            workspace.connected(opened, self.found.name) as end,
        ):
            yield end.connector

    def _enter(self) -> None:
        """Reach the system; where a person has to agree first, have them do it.  Raises what `check` raises."""
        with self._open() as connector:
            agrees = choices.lets_in(connector, self.asked.redirect)
        if agrees:
            self.draft.with_vault()
        self.say(f"reaching {self.found.name} ({self.kind.capabilities.title})")
        with self._open() as connector:
            self.found.health = self._checked(connector, agrees=agrees)
            self.found.books = self._books(connector)
        health = self.found.health
        self.say(f"connected to {health.system} {health.version} as {health.identity}".replace("  ", " "))
        for remark in health.remarks:
            self.say(f"  {show.visible(remark)}")
        for name, value in self.found.books.facts.items():
            self.say(f"  {name.replace('_', ' ')}: {show.visible(value)}")

    def _checked(self, connector: Connector, *, agrees: bool) -> Health:
        try:
            return connector.check()
        except (TryLater, Refused) as fault:
            if not agrees or fault.reason not in _LOG_IN:
                raise
        way = consenting.Way(self.asked.redirect, self.asked.browser, self.asked.wait_s, self._pasted)
        consenting.let_in(connector, way)
        return connector.check()

    def _pasted(self) -> str:
        return Asker(silent=False).text("The address that the browser ended at", "", "")

    def _books(self, connector: Connector) -> Books:
        try:
            return connector.books()
        except Refused as fault:
            self.found.remarks.append(f"its accounts and taxes cannot be listed: {fault.message}")
            return Books()

    # ------------------------------------------------------------ 3 accounts, taxes, terms

    def _choose(self) -> None:
        """Put what only one thing can be meant by, ask for the rest."""
        base = ["connections", self.found.name]
        rules = self.rules.invoicing.taxes if self.rules is not None else ()
        given = self.draft.given(*base)
        for wish in proposing.wishes(self.found.books, self.kind.config, rules, given or {}):
            chosen = self._chosen(wish)
            if chosen is not None:
                self.draft.put([*base, *wish.path], chosen)

    def _chosen(self, wish: proposing.Wish) -> str | None:
        option = f"--set {'.'.join(wish.path)}=ID"
        known = ", ".join(f"{choice.id} ({choice.name})" for choice in wish.choices[:8])
        if not wish.fits:
            self.found.remarks.append(f"{wish.question} None there has that rate: make one, or {option}")
        if self.ask.silent and wish.chosen is None and not wish.optional:
            raise guard.Wrong(f"{wish.question} Several may be meant: {option}; there are {known}")
        found = self.ask.choice(wish.question, wish.why, wish.choices, wish.chosen)
        if found is None and wish.fits and len(wish.choices) > 1 and wish.path[0] not in _FREE:
            self.found.remarks.append(f"{'.'.join(wish.path)} is left open; {option} says it; there are {known}")
        return found

    # ------------------------------------------------------------ 4 mappings

    def _map(self) -> None:
        """Propose the shipped mappings, and own ones for fields that only this company has."""
        if self.pipeline is None:
            self.found.remarks.append("no pipeline sends to it yet: name one with --pipeline, or write one")
            return
        base, root = ["pipelines", self.pipeline], self.draft.settings().root
        if self.draft.given(*base, "target") is None:
            self.draft.put([*base, "target"], self.found.name)
        pipeline = self.draft.settings().pipelines[self.pipeline]
        found = matching.proposal(pipeline, self.found.connector, self.kind.capabilities, root)
        self.found.proposal = found
        for kind in found.missing:
            self.found.remarks.append(f"no mapping brings a {kind.replace('_', ' ')} there: write one")
        if found and self.ask.sure(_proposed(found), default=True):
            with self._open() as connector:
                outbound = [self._own(connector, file, root) for file in found.outbound]
            self.draft.extend([*base, "mappings", "outbound"], outbound)
            if found.payments:
                self.draft.extend([*base, "mappings", "payments"], found.payments)
        self._rounding(base)

    def _rounding(self, base: list[str]) -> None:
        """Where the system rounds tax otherwise than the pipeline, a person may let the pipeline follow it."""
        rules = self.rules
        ratings = [write.rating for write in self.kind.capabilities.writes.values() if write.rating is not None]
        if rules is None or not ratings or not rules.invoicing.taxes:
            return
        ours, theirs = rules.invoicing.policy().tax_rounding, ratings[0].tax_rounding
        if ours == theirs:
            return
        what = f"{self.kind.capabilities.title} rounds the tax of each {theirs}, the pipeline that of each {ours}"
        if not self.ask.silent and self.ask.sure(f"\n{what}. Let the pipeline follow it?", default=True):
            self.draft.put([*base, "invoicing", "tax_rounding"], theirs)
        else:
            self.found.remarks.append(f"{what}: write `tax_rounding: {theirs}` under invoicing, or totals may differ")

    def _own(self, connector: Connector, file: str, root: Path) -> str:
        """A mapping of the company's own over a shipped one, where records there have fields that must be filled."""
        mapping = read_mapping(file, root)
        values: dict[str, str] = {}
        for name in matching.left_out(connector, mapping):
            what = f"{mapping.target_object}.{name}"
            why = f"every {mapping.target_object} there needs it, and billsync knows nothing of it"
            value = self.ask.text(f"What stands in {what}?", why, "--set is not for it", "")
            if value:
                values[name] = value
            else:
                self.found.remarks.append(f"{what} is needed there: give it a value in a mapping of your own")
        if not values:
            return file
        name = f"mappings/{self.found.name}/{Path(file).name}"
        fields = "".join(f"  {scalar(key)}: {{const: {scalar(value)}}}\n" for key, value in values.items())
        object = mapping.target_object
        head = f"# What only this company's {object} needs; the rest is as it is shipped.\n"
        top = f"mapping: {self.found.name}.{object}\nversion: 1\nextends: {mapping.name}\n"
        self.draft.file(name, f"{head}{top}fields:\n{fields}")
        return name

    # ------------------------------------------------------------ 5 the trial

    def _try(self) -> int:
        """Write a draft there, compare it, remove it; an exit code."""
        rules = self.rules
        if rules is None or not self.asked.trial or self.asked.dry_run:
            return guard.OK
        settings = self.draft.settings()
        mapping = choices.invoice_mapping(rules, settings, self.kind.capabilities)
        if mapping is None:
            self.found.remarks.append("nothing was tried: the pipeline has no mapping of invoices to it")
            return guard.OK
        known = self.found.books.currencies
        currency = next((each.id for each in sorted(known, key=lambda each: not each.default)), "USD")
        day = day_in_zone(schedule.SystemClock().now(), rules.billing.zone)
        self.say("trying it with a draft that is removed")
        with self._open() as connector:
            standing, lacking = self._standing(connector)
            if lacking:
                self.found.remarks.append(f"nothing was tried: {lacking}")
                return guard.OK
            try:
                tried = trying.tried(connector, mapping, rules.invoicing, currency=currency, day=day, standing=standing)
            except Refused as fault:
                return self._untried(fault)
        self.found.tried = tried
        if tried.trial.left:
            self.found.remarks.append(f"the draft {tried.trial.left} could not be removed there: {tried.trial.message}")
        return guard.DRIFT if tried.differs else guard.OK

    def _untried(self, fault: Refused) -> int:
        if fault.reason == "not_supported":
            self.found.remarks.append(f"nothing was tried: {fault.message}")
            return guard.OK
        self.found.remarks.append(f"the trial was refused ({fault.reason}): {fault.message}")
        return guard.DRIFT

    def _standing(self, connector: Connector) -> tuple[dict[str, str], str]:
        """A customer and a product that stand there; and what is lacking, "" where nothing is."""
        books, found = self.found.books, dict[str, str]()
        for kind, option, own, listed in (
            ("customer", "--party", self.asked.party, books.parties),
            ("product", "--item", self.asked.item, books.items),
        ):
            id = own or next((each.id for each in listed), None) or self._first(connector, kind)
            found[kind] = id or self.ask.text(
                f"Id of any {kind} there", "a trial needs one, and removes itself", option, ""
            )
            if not found[kind]:
                return found, f"a trial needs a {kind}, and none stands there; name one with {option}"
        return found, ""

    def _first(self, connector: Connector, kind: str) -> str | None:
        """The first record of a kind of ours that stands there, where the connector reads them."""
        rules = self.rules
        names = () if rules is None else rules.mappings.outbound
        mapped = workspace.read_mappings(names, self.draft.settings().root)
        object = next((item.target_object for item in mapped if item.source == kind), "")
        if object not in connector.capabilities.reads:
            return None
        page = next(iter(connector.read(object, None)), None)
        return next((record.id for record in page.records if not record.deleted), None) if page else None

    # ------------------------------------------------------------ 6 the end

    def _end(self, code: int) -> int:
        found = self.found
        if found.tried is not None and self.asked.format == "table":
            trying.told(found.tried)
        for remark in found.remarks:
            self.say(f"- {show.visible(remark)}")
        if self.asked.dry_run or not self._agreed(code):
            written: list[str] = []
        else:
            written = self._written()
            code = guard.PROBLEMS if found.left else guard.OK
        connect_report.told(found, self._connection(), written, self.asked.format)
        return code

    def _agreed(self, code: int) -> bool:
        """Whether it shall be written; a trial that failed is written only where a person says so."""
        if not self.draft.changed:
            return False
        if code != guard.OK:
            return not self.ask.silent and self.ask.sure("The trial failed. Write it all the same?", default=False)
        return self.ask.sure(f"Write this to {self.draft.path}?", default=True)

    def _written(self) -> list[str]:
        root = self.draft.path.absolute().parent
        files = [str(path.relative_to(root)) for path in self.draft.made if path.is_file()]
        self.draft.keep()
        return [self.draft.path.name, *(name for name in files if not name.endswith(".gitignore"))]

    def _connection(self) -> dict[str, Any]:
        found: dict[str, Any] = self.draft.given("connections", self.found.name) or {}
        return found


_SECRET: Final = f"It goes into a file in {FOLDER}/ that only you can read; or write env:NAME."
_FREE: Final = frozenset({"payment_term", "terms"})


def _proposed(found: matching.Proposal) -> str:
    files = ", ".join((*found.outbound, *found.payments))
    return f"\nThe pipeline has no mappings yet for some documents. Add {files}?"
