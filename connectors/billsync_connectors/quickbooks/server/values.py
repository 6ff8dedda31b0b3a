"""Values as they come and go: JSON with exact numbers, XML for those who do not ask for JSON.  (pure)"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from billsync_connectors.quickbooks.server.denied import Denied, unsupported

_MARK: Final = "\ue000"
_RAW: Final = re.compile(f'"{_MARK}([^"{_MARK}]*){_MARK}"')
_CENT: Final = Decimal("0.01")
_ATTRIBUTES: Final = ("domain", "sparse", "status", "time", "startPosition", "maxResults", "totalCount", "bId", "type")


def plain(number: Decimal) -> str:
    """A number without needless zeros: a whole one looks like an integer."""
    whole = number == number.to_integral_value()
    return format(number.quantize(Decimal(1)) if whole else number.normalize(), "f")


def dumps(value: Any) -> str:
    """JSON text; each Decimal as a number with all of its digits."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_marked)
    return _RAW.sub(r"\1", text) if _MARK in text else text


def _marked(value: Any) -> str:
    assert isinstance(value, Decimal)
    return f"{_MARK}{plain(value)}{_MARK}"


def loads(text: str | bytes) -> Any:
    """A JSON value; numbers with a point are Decimals.  Raises ValueError."""
    found = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    json.dumps(found, ensure_ascii=False, default=str).encode()  # half of a character is an error, not a text
    return found


def _no_number(word: str) -> Any:
    raise ValueError(word)


# ---------------------------------------------------------------- one value


def cents(number: Decimal) -> Decimal:
    """In whole hundredths, which the books have in every currency."""
    return number.quantize(_CENT, ROUND_HALF_UP)


def number(name: str, value: Any) -> Decimal:
    """A number, also from text, as the vendor's SDK writes Decimals.  Raises `Denied`."""
    try:
        found = None if isinstance(value, bool) else Decimal(str(value).strip())
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite():
        raise unsupported(name)
    if abs(found) >= Decimal(10) ** 12:
        raise Denied(2090, "Invalid Number", f"Invalid Number : {name}: {value}", element=name)
    return found


def day(name: str, value: Any) -> str:
    """A day.  Raises `Denied`."""
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise Denied(2070, "Invalid Date", f"Invalid Date : Supplied value:{value}", element=name) from None


def short(name: str, value: Any, most: int) -> str:
    """A text of so many characters at most.  Raises `Denied`."""
    if isinstance(value, Mapping | list | bool):
        raise unsupported(name)
    text = str(value)
    if len(text) > most:
        told = f"String length is either shorter or longer than supported by specification. Min:0 Max:{most} "
        raise Denied(2050, "Invalid String Length", f"{told}supplied:{len(text)}", element=name)
    return text


# ---------------------------------------------------------------- as XML


def xml(value: Mapping[str, Any]) -> str:
    """A reply as the API gives it to whoever does not ask for JSON."""
    time = quoteattr(str(value.get("time", "")))
    inner = "".join(_elements({name: item for name, item in value.items() if name != "time"}))
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return f'{head}<IntuitResponse xmlns="http://schema.intuit.com/finance/v3" time={time}>{inner}</IntuitResponse>'


def _elements(value: Mapping[str, Any]) -> Iterator[str]:
    for name, item in value.items():
        for each in item if isinstance(item, list) else [item]:
            if isinstance(each, Mapping) and name.endswith("Ref"):
                title = quoteattr(str(each.get("name", "")))
                yield f"<{name} name={title}>{escape(str(each.get('value', '')))}</{name}>"
            elif isinstance(each, Mapping):
                yield _element(name, each)
            elif each is not None:
                yield f"<{name}>{escape(_text(each))}</{name}>"


def _element(name: str, value: Mapping[str, Any]) -> str:
    own = {key: value[key] for key in _ATTRIBUTES if key in value}
    own.update({key: value[key] for key in ("code", "element") if name == "Error" and key in value})
    attributes = "".join(f" {key}={quoteattr(_text(item))}" for key, item in own.items())
    inner = "".join(_elements({key: item for key, item in value.items() if key not in own}))
    return f"<{name}{attributes}>{inner}</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return plain(value) if isinstance(value, Decimal) else str(value)
