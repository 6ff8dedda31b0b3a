"""What a connector says of itself and of what stands there: sheet, look-ups, lists, files, trials, words.  (shell)"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Final

from billsync.conformance.broken import Broken
from billsync.conformance.writes.bench import WriteBench
from billsync.conformance.writes.documents import Booked, Role
from billsync.conformance.writes.rule import rule
from billsync.conformance.writes.subject import Skill
from billsync.connector import Absent, Attachment, Found, Standing, Target

FAULTS: Final = (
    Skill.LOST, Skill.DROPPED, Skill.BUSY, Skill.ERROR_BEFORE, Skill.ERROR_AFTER, Skill.TRUNCATED, Skill.HTML,
    Skill.EXPIRED, Skill.OTHER_TOTAL,
)  # fmt: skip
_DOCUMENTS: Final = (Role.INVOICE, Role.CREDIT_NOTE, Role.PAYMENT)
_SHORTEST: Final = 4
_ODD: Final = ("", " ", "%", "a'b\"c", "x" * 300, "\U0001f9fe", "a,b;c", "*", "' or 1=1 --")


@rule(costs="the engine relies on a promise that nobody made, and doubles an invoice")
def capability_sheet(bench: WriteBench) -> None:
    """The capability sheet speaks of every kind of record, and does not contradict itself.

    A key has a lifetime and nothing else has; a search has a reference; invoices and credit notes tell how they are
    computed; what cannot be taken back, or gets no files, is what the subject says so of.
    """
    for role in bench.roles():
        sheet = bench.sheet(role)
        if (sheet.target is Target.KEY) != (sheet.key_lifetime_s is not None):
            raise Broken(
                f"the sheet of {role} is of kind {sheet.target} with a key's lifetime of {sheet.key_lifetime_s}"
            )
        if sheet.target is not Target.NONE and not sheet.reference:
            raise Broken(f"the sheet of {role} names no reference, so that nothing can be found again")
        if role in (Role.INVOICE, Role.CREDIT_NOTE) and sheet.rating is None:
            raise Broken(f"the sheet of {role} does not tell how the system computes it")
    voids = {
        Role.INVOICE: Skill.VOID_INVOICE,
        Role.CREDIT_NOTE: Skill.VOID_CREDIT_NOTE,
        Role.PAYMENT: Skill.VOID_PAYMENT,
    }
    for role, skill in voids.items():
        if role in bench.roles() and bench.sheet(role).voids != bench.can(skill):
            raise Broken(f"the sheet says voids={bench.sheet(role).voids} of {role}, the subject says otherwise")
    if bench.sheet(Role.INVOICE).attaches != bench.can(Skill.ATTACH):
        raise Broken(f"the sheet says attaches={bench.sheet(Role.INVOICE).attaches}, the subject says otherwise")


@rule(costs="what stands there is not found, and is written once more")
def looked_up(bench: WriteBench) -> None:
    """Look-ups answer each key for itself, in order, odd ones too.

    Those of records that stand there and of keys that nobody ever used are mixed; each is Found with the id and what
    it comes to, or Absent.
    """
    for role in bench.roles():
        intents = [bench.sample(role) for _ in range(2)]
        ids = [bench.made(intent) for intent in intents]
        keys = [intents[1].key, *_ODD[2:], intents[0].key, f"{intents[0].key}0", intents[0].key[:-1]]
        probes = bench.probe(role, *keys)
        for key, probe in zip(keys, probes, strict=True):
            known = next((id for intent, id in zip(intents, ids, strict=True) if intent.key == key), None)
            _answered(role, key, probe, known)
        for intent, probe in ((intents[1], probes[0]), (intents[0], probes[-3])):
            total = getattr(probe, "echo", {}).get("total")
            if intent.expect is not None and total is not None and total != intent.expect.total:
                raise Broken(f"the look-up of the {role} {intent.key} shows {total}, not {intent.expect.total}")


def _answered(role: Role, key: str, probe: object, known: str | None) -> None:
    if known is None and not isinstance(probe, Absent):
        raise Broken(f"the look-up of the {role} {key!r}, which nobody ever used, is {probe!r}")
    if known is not None and (not isinstance(probe, Found) or probe.remote_ids != (known,)):
        raise Broken(f"the look-up of the {role} {key}, which is {known}, is {probe!r}")


@rule(costs="`verify --live` finds differences that are none, or misses those that are")
def standing_is_true(bench: WriteBench) -> None:
    """The list of what stands there is what stands there: every document, void ones told, in positive amounts.

    Invoices (one of them void), a credit note and a payment are made; the list is compared with the system's books.
    """
    intents = [bench.sample(role) for role in bench.roles(*_DOCUMENTS)] + [bench.sample(Role.INVOICE)]
    for intent in intents:
        bench.made(intent)
    if bench.can(Skill.VOID_INVOICE):
        gone = bench.sample(Role.INVOICE)
        bench.void(Role.INVOICE, bench.made(gone), gone.key)
    for role in bench.roles(*_DOCUMENTS):
        same_as_listed(bench, role)


def same_as_listed(bench: WriteBench, role: Role) -> None:
    """Raises `Broken` where the connector lists something else than stands there, of what this rule wrote."""
    listed: dict[str, Standing] = {}
    for page in bench.connector.standing(bench.object(role)):
        for shown in page:
            if shown.id in listed:
                raise Broken(f"{role} {shown.id} is listed twice")
            listed[shown.id] = shown
    for booked in bench.subject.truth(role):
        if not booked.reference.startswith(bench.tag):
            continue
        shown_one = listed.get(booked.id)
        if shown_one is None:
            if not booked.void:
                raise Broken(f"the {role} {booked.reference} stands there, and is not listed")
        elif apart := _apart(booked, shown_one):
            raise Broken(f"the {role} {booked.reference} is listed with {apart}")


def _apart(booked: Booked, shown: Standing) -> str:
    """What is listed otherwise than it is, or ""."""
    if booked.void != (shown.state == "void"):
        return f"the state {shown.state}, and void={booked.void} there"
    names = ["reference", "customer", "currency", "lines", "on"] + ([] if booked.void else ["total", "tax"])
    for name in names:
        true, told_ = getattr(booked, name), getattr(shown, name)
        if true is not None and told_ is not None and true != told_:
            return f"{name} {told_}, and {true} there"
    if not booked.void and None not in (booked.open, shown.open) and booked.applied is None:
        return "" if booked.open == shown.open else f"{shown.open} open, and {booked.open} there"
    return ""


@rule(costs="passwords and tokens stand in logs, tickets and the list of problems")
def secrets_of_writes(bench: WriteBench) -> None:
    """No secret is in any message, whatever goes wrong while something is written.

    Every fault that the system can have strikes once, and something is refused; all messages are searched.
    """
    for fault in FAULTS:
        if bench.can(fault):
            intent = bench.billed(bench.bill())
            with bench.struck(fault, Role.INVOICE):
                bench.write(intent)
    bench.write(bench.billed(bench.bill(customer="0")))
    bench.heard.append(bench.connector.shown())
    for word in bench.subject.secrets():
        if len(word) < _SHORTEST:
            raise NotImplementedError(f"the subject has a secret of {len(word)} characters: it would be found anywhere")
        found = next((text for text in bench.heard if word in text), None)
        if found is not None:
            raise Broken(f"a message shows a secret: {found.replace(word, '*' * 8)[:200]}")


@rule(costs="a customer's file lies at the invoice five times, or at none", needs=(Skill.ATTACH,))
def attached_once(bench: WriteBench) -> None:
    """A file is laid to its invoice, and laying it there again does not double it.

    A PDF is attached twice; another one beside it once.
    """
    invoice = bench.made(bench.sample(Role.INVOICE))
    object = bench.object(Role.INVOICE)
    names = (f"{bench.tag}.pdf", f"{bench.tag}.pdf", f"{bench.tag}-e.xml")
    for name in names:
        media_type = "application/pdf" if name.endswith("pdf") else "application/xml"
        bench.connector.attach(object, invoice, Attachment(name, media_type, b"%PDF-1.7\n" + bytes(range(256))))
    files = bench.by_id(Role.INVOICE, invoice).files
    if dict(files) != dict.fromkeys(names, 265):
        raise Broken(
            f"{len(set(names))} files of 265 bytes were laid there, one of them twice; there are {dict(files)}"
        )


@rule(costs="a draft of the set-up is sent to a customer", needs=(Skill.TRIAL,))
def tried_and_removed(bench: WriteBench) -> None:
    """A trial shows what a document would come to, and leaves nothing.

    An invoice is tried; it shows our total, and nothing stands there afterwards.
    """
    intent = bench.billed(bench.bill())
    trial = bench.connector.trial(bench.object(Role.INVOICE), intent)
    if trial.left:
        raise Broken(f"the trial leaves {trial.left}: {trial.message}")
    if intent.expect is not None and trial.echo.get("total") != intent.expect.total:
        raise Broken(f"the trial shows a total of {trial.echo.get('total')}, not {intent.expect.total}")
    bench.none(Role.INVOICE, intent.key, "it was only tried")


@rule(costs="a person sets up a connection by guessing account numbers", needs=(Skill.BOOKS,))
def books_are_told(bench: WriteBench) -> None:
    """The books name the tax rate that documents carry, in fractions, and every name once.

    `books` is asked; settings that are chosen from them are settings of the connector.
    """
    books = bench.connector.books()
    for what, choices in (("accounts", books.accounts), ("taxes", books.taxes), ("terms", books.terms)):
        ids = [choice.id for choice in choices]
        if len(ids) != len(set(ids)) or "" in ids:
            raise Broken(f"`books` tells {what} twice, or without an id: {', '.join(ids)}")
    rates = [tax.rate for tax in books.taxes]
    if bench.subject.rate not in rates:
        raise Broken(f"`books` tells the rates {rates}, and not {bench.subject.rate}")
    if any(rate is not None and not Decimal(-1) < rate < 1 for rate in rates):
        raise Broken(f"rates are fractions (0.19): {rates}")


@rule(costs="after an error the clean-up raises another one, which hides the first")
def closed_after_writes(bench: WriteBench) -> None:
    """`close` may come after anything, and twice.

    After a write that was refused, and in the middle of a list.
    """
    bench.made(bench.sample(Role.INVOICE))
    refused, listing = bench.open(), bench.open()
    bench.write(bench.billed(bench.bill(customer="0")), connector=refused)
    pages = iter(listing.standing(bench.object(Role.INVOICE)))
    with suppress(StopIteration):
        next(pages)
    for connector in (refused, listing):
        connector.close()
        connector.close()
