"""What a connection still has to be told, and what of it its system's books answer by themselves.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, SecretStr

from billsync.connector import Books, Choice
from billsync.invoicing.policy import TaxRule
from billsync.settings.editors import with_words

_TAXES: Final = "taxes"


@dataclass(frozen=True, slots=True)
class Need:
    """A setting of a connection.

    Attributes:
        words: what the connector's own page says about it, "" for nothing.
        needed: False where the connector goes without it.
        default: its default as text, or None.
    """

    name: str
    words: str
    needed: bool
    secret: bool
    default: str | None = None


def needs(model: type[BaseModel]) -> dict[str, Need]:
    """The settings of a connector that are written as one text, by name, in its own order."""
    words = words_of(model)
    return {
        name: Need(
            name,
            words.get(name, ""),
            field.is_required(),
            _within(field.annotation, SecretStr),
            field.default if isinstance(field.default, str) and field.default else None,
        )
        for name, field in model.model_fields.items()
        if not is_table(field.annotation)
    }


def words_of(model: type[BaseModel]) -> dict[str, str]:
    """What the model, or one that it is made of, says about each of its settings."""
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if issubclass(kind, BaseModel) and kind is not BaseModel:
            schema = {"description": _flat(kind.__doc__ or ""), "properties": {name: {} for name in model.model_fields}}
            told = with_words(schema)["properties"]
            found |= {name: value["description"] for name, value in told.items() if "description" in value}
    return found


def _flat(doc: str) -> str:
    """A docstring without the indentation of its class."""
    lines = doc.splitlines()
    return "\n".join([*lines[:1], *(line.removeprefix("    ") for line in lines[1:])])


def is_table(annotation: Any) -> bool:
    """Whether a setting maps names of ours to theirs."""
    return get_origin(annotation) is dict


def _within(annotation: Any, wanted: type) -> bool:
    return annotation is wanted or any(_within(argument, wanted) for argument in get_args(annotation))


# ---------------------------------------------------------------- what the books answer


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing to choose from the books.

    Attributes:
        path: the setting, and the tax code of ours where the setting is a table.
        question: for people.
        why: what it is for.
        choices: what may be meant, best first; all there are where nothing fits.
        chosen: the id that is meant, None where a person has to say.
        optional: True where the connection works without it: it is found at each document, or not needed.
        fits: False where none of the choices is what was looked for.
    """

    path: tuple[str, ...]
    question: str
    why: str
    choices: tuple[Choice, ...]
    chosen: str | None = None
    optional: bool = True
    fits: bool = True


def wishes(books: Books, model: type[BaseModel], rules: Sequence[TaxRule], given: Mapping[str, Any]) -> list[Wish]:
    """What is to be chosen: of each setting that the books name, what `given` (the connection as it is) leaves open."""
    words, found = words_of(model), list[Wish]()
    for name, source in books.settings.items():
        field = model.model_fields.get(name)
        if field is None:
            continue
        listed, _, kind = source.partition(":")
        choices = tuple(choice for choice in getattr(books, listed, ()) if kind in ("", choice.kind))
        if not is_table(field.annotation):
            known = isinstance(field.default, str) and field.default != ""
            if name not in given and not known:
                found += _single(name, listed, choices, words.get(name, ""), needed=field.is_required())
        elif listed == _TAXES:
            table = given.get(name)
            named = table if isinstance(table, Mapping) else {}
            found += [wish for wish in _taxes(name, choices, rules) if wish.path[1] not in named]
    return found


def _single(name: str, listed: str, choices: tuple[Choice, ...], why: str, *, needed: bool) -> Iterator[Wish]:
    """One of a list; terms and items are never chosen for a person: to go without is a choice too."""
    if not choices:
        return
    defaults = [choice.id for choice in choices if choice.default]
    sure = defaults if len(choices) > 1 else [choices[0].id]
    chosen = sure[0] if len(sure) == 1 and (needed or listed == "accounts") else None
    question = f"Which of the {listed} there is the {name.replace('_', ' ')}?"
    yield Wish((name,), question, why, choices, chosen, optional=not needed)


def _taxes(name: str, taxes: tuple[Choice, ...], rules: Sequence[TaxRule]) -> Iterator[Wish]:
    """One wish a code of ours; a code of several rates is found by the rate of each line."""
    for code in dict.fromkeys(rule.code for rule in rules):
        own = [rule for rule in rules if rule.code == code]
        rates = {rule.rate for rule in own}
        if len(rates) > 1:
            continue
        rate = rates.pop()
        same = [tax for tax in taxes if tax.rate == rate]
        named = [tax for tax in same if {tax.id.casefold(), tax.name.casefold()} & _names(own)]
        sure = same if len(same) == 1 else named
        chosen = sure[0].id if len(sure) == 1 else None
        question = f"Which tax there is our '{code}' of {percent(rate)}?"
        why = f"lines with the tax code '{code}' are written with it"
        yield Wish(
            (name, code),
            question,
            why,
            tuple(same) or taxes,
            chosen,
            optional=not (rate and len(same) > 1),
            fits=bool(same),
        )


def _names(rules: Sequence[TaxRule]) -> set[str]:
    return {text.casefold() for rule in rules for text in (rule.code, rule.name) if text}


def percent(rate: Decimal) -> str:
    """A fraction as people say it: `19 %`."""
    return f"{(rate * 100).normalize():f} %"
