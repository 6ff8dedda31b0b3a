"""What a document comes to there: to the last minor unit, with every line and every sign of its texts.  (shell)"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from billsync.conformance.broken import Broken
from billsync.conformance.writes.bench import WriteBench
from billsync.conformance.writes.documents import Bill, Booked, Line, Role
from billsync.conformance.writes.rule import rule
from billsync.conformance.writes.subject import Skill
from billsync.conformance.writes.watched import told
from billsync.connector import Applied, Mismatch, Refused, Unfinished

_CENTS: Final = "the totals of two systems differ by a cent a month, and nobody can say where it went"
_MANY: Final = 1000
_QUOTES: Final = "A \"quoted\" 'text' with \\ back-slash, 100 % & <b>tags</b>, 5 € — Größe, 東京"
_EMOJI: Final = "Paid 🧾 with 💶 by 👩‍👩‍👧"


def _comes_right(bench: WriteBench, bill: Bill) -> Booked:
    """The invoice as it stands there, with all that it must show.  Raises `Broken`."""
    intent = bench.billed(bill)
    bench.made(intent)
    booked = bench.one(Role.INVOICE, intent.key, "written")
    expect = bench.expected(bill)
    pairs = [(name, getattr(expect, name)) for name in ("total", "tax", "currency", "lines", "on")]
    for name, wanted in [*pairs, ("customer", bill.customer)]:
        shown = getattr(booked, name)
        if shown is not None and shown != wanted:
            raise Broken(f"{name} of an invoice of {len(bill.lines)} lines is {shown} there, {wanted} here")
    return booked


@rule(costs=_CENTS)
def cents(bench: WriteBench) -> None:
    """Small amounts and many roundings come to our total.

    Invoices of 0.01; of 3 at 0.33 and 7 at 14.29 with tax; of taxed lines whose tax of each is half a cent; of a line
    of 1,234,567.89.
    """
    line = bench.line
    _comes_right(bench, bench.bill(line("0.01", "1", taxed=False)))
    _comes_right(bench, bench.bill(line("0.01", "1")))
    _comes_right(bench, bench.bill(line("0.33", "3"), line("14.29", "7"), line("9.99", "1", taxed=False)))
    _comes_right(bench, bench.bill(*[line("0.13", "1")] * 5))
    _comes_right(bench, bench.bill(line("1234567.89", "1")))


@rule(costs=_CENTS, needs=(Skill.FINE_PRICE,))
def fine_prices(bench: WriteBench) -> None:
    """Unit prices of fractions of a cent come to our total.

    Invoices of 1 and of 1,000 at 1.005, and of 2.5 at 0.125.
    """
    _comes_right(bench, bench.bill(bench.line("1.005", "1", taxed=False)))
    _comes_right(bench, bench.bill(bench.line("1.005", "1000"), bench.line("0.125", "2.5")))


@rule(costs="a Japanese customer is billed a hundredth, or a hundred times", needs=(Skill.YEN,))
def yen(bench: WriteBench) -> None:
    """A currency without decimals is billed in whole units.

    Invoices in JPY, with and without tax.
    """
    _comes_right(bench, _foreign(bench, "JPY", "1235", taxed=False))
    _comes_right(bench, _foreign(bench, "JPY", "333", taxed=True))


@rule(costs="a Kuwaiti customer is billed a tenth of a fils too much on every line", needs=(Skill.DINAR,))
def dinar(bench: WriteBench) -> None:
    """A currency with three decimals keeps the third.

    Invoices in KWD, with and without tax.
    """
    _comes_right(bench, _foreign(bench, "KWD", "1.235", taxed=False))
    _comes_right(bench, _foreign(bench, "KWD", "0.333", taxed=True))


def _foreign(bench: WriteBench, currency: str, price: str, *, taxed: bool) -> Bill:
    customer = bench.made(bench.intent(Role.CUSTOMER, name := bench.name(), bench.subject.customer(f"Abroad {name}")))
    return bench.bill(bench.line(price, "3", taxed=taxed), currency=currency, customer=customer)


@rule(costs="lines vanish from long invoices, and their revenue with them", needs=(Skill.MANY_LINES,))
def thousand_lines(bench: WriteBench) -> None:
    """An invoice of 1,000 lines stands there with 1,000 lines.

    Lines of different amounts; the total and the number of lines are compared.
    """
    lines = [bench.line(f"{number % 97 + 1}.{number % 100:02}", "1", f"Line {number}") for number in range(_MANY)]
    booked = _comes_right(bench, bench.bill(*lines))
    if booked.texts is not None and list(booked.texts) != [line.text for line in lines]:
        raise Broken("the lines stand there in another order, or with other texts")


@rule(costs="an invoice over nothing goes to a customer, or a run ends in a traceback")
def no_lines(bench: WriteBench) -> None:
    """An invoice without lines is refused, or stands there without lines.

    It is written as such; afterwards an ordinary one is.
    """
    bill = bench.bill()
    empty = Bill(bench.name(), bill.customer, bill.item, bill.currency, bill.on, ())
    intent = bench.billed(empty)
    (outcome,) = bench.write(intent)
    there = bench.there(Role.INVOICE, intent.key)
    if isinstance(outcome, Applied):
        if len(there) != 1 or there[0].lines or there[0].total:
            raise Broken(f"an invoice without lines counts as applied, and stands there as {there}")
    elif not isinstance(outcome, Refused) or there:
        raise Broken(f"an invoice without lines is answered with {told(outcome)}, and {len(there)} stand there")
    _comes_right(bench, bill)


@rule(costs="a credit on a line is dropped, and the customer pays it")
def negative_line(bench: WriteBench) -> None:
    """A line that takes something off is kept, or the document is refused; so is a line of nothing.

    An invoice of 100.00 less 30.00 and one with a line of 0.00; neither is changed.
    """
    for price in ("-30.00", "0.00"):
        bill = bench.bill(bench.line(), Line("Rebate", Decimal(1), Decimal(price), bench.subject.rate))
        intent = bench.billed(bill)
        (outcome,) = bench.write(intent)
        if isinstance(outcome, Refused):
            bench.none(Role.INVOICE, intent.key, f"a line of {price} was refused")
            continue
        bench.made(intent, first=outcome)
        booked = bench.one(Role.INVOICE, intent.key, f"with a line of {price}")
        if (booked.total, booked.lines) != (bench.expected(bill).total, 2):
            raise Broken(f"with a line of {price} it comes to {booked.total} in {booked.lines} lines")


@rule(costs="names and descriptions arrive mangled, or a quote in one of them ends the run")
def texts_arrive(bench: WriteBench) -> None:
    """Quotes, tags, letters of other alphabets arrive as they are, in names, descriptions and references.

    A customer, a line, and a reference hold them; the reference is found again by `probe`.
    """
    _text_kept(bench, _QUOTES)
    key = f"{bench.tag}'\" & ü%"
    intent = bench.intent(Role.CUSTOMER, key, bench.subject.customer(f"Odd {bench.tag}"))
    (outcome,) = bench.write(intent)
    if isinstance(outcome, Refused):
        return bench.none(Role.CUSTOMER, key, "an odd reference was refused")
    bench.made(intent, first=outcome)
    bench.one(Role.CUSTOMER, key, "with an odd reference")
    (probe,) = bench.probe(Role.CUSTOMER, key)
    if getattr(probe, "remote_ids", ()) == ():
        raise Broken(f"the reference {key} stands there, and its look-up is {told(probe)}")
    return None


@rule(costs="an emoji in a description ends the run, or is cut off with all that follows", needs=(Skill.EMOJI,))
def emoji(bench: WriteBench) -> None:
    """Characters beyond the first plane arrive as they are.

    A customer's name and a line's text hold them.
    """
    _text_kept(bench, _EMOJI)


def _text_kept(bench: WriteBench, text: str) -> None:
    name = f"{text} {bench.name()}"
    intent = bench.intent(Role.CUSTOMER, bench.name(), bench.subject.customer(name))
    id = bench.made(intent)
    booked = bench.one(Role.CUSTOMER, intent.key, "with an odd name")
    if booked.name is not None and booked.name != name:
        raise Broken(f"the name {name!a} stands there as {booked.name!a}")
    shown = _comes_right(bench, bench.bill(bench.line(text=text), customer=id)).texts
    if shown is not None and shown != (text,):
        raise Broken(f"the line's text {text!a} stands there as {shown!a}")


@rule(costs="the customer's invoice and your books say different totals, and both look right",
      needs=(Skill.OTHER_TOTAL,))  # fmt: skip
def other_total_is_told(bench: WriteBench) -> None:
    """A document that comes to something else there is told, and never counts as applied.

    The system adds to the total of what it is sent; the same again, with the id that was told, is no success either.
    """
    intent = bench.billed(bench.bill())
    with bench.struck(Skill.OTHER_TOTAL, Role.INVOICE):
        (outcome,) = bench.write(intent)
    if isinstance(outcome, Unfinished):
        raise Broken(f"another total leaves the document unfinished for ever: {told(outcome)}")
    if not isinstance(outcome, Mismatch | Refused):
        raise Broken(f"a document of another total is answered with {told(outcome)}, not Mismatch or Refused")
    if isinstance(outcome, Mismatch) and len(bench.there(Role.INVOICE, intent.key)) > 1:
        raise Broken("the document of another total was made twice")
