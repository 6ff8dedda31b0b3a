"""Functions of other worlds that are none here, and what to write instead.  (pure)

Salesforce, Excel, SQL and Python users write these out of habit.  Some cannot be (a formula has no clock and no chance,
and searches no patterns), others have another name or another order of arguments.
"""

from __future__ import annotations

from typing import Final

from billsync.mapping.formula.functions import FUNCTIONS
from billsync.strict.yaml import did_you_mean

_NO_CLOCK: Final = (
    "there is no {0}: the same record must always give the same result; use a date of the record, or the run's own "
    "`billing: {{through: ...}}`"
)
_NO_PATTERN: Final = (
    "there are no patterns: one can take endless time; use BEGINS, ENDS, CONTAINS, TEXTBEFORE, TEXTAFTER or SPLIT"
)
_NO_CHANCE: Final = "there is no chance: the same record must always give the same result"
_TABLE: Final = "define a table under `tables:` and write LOOKUP(table, value), or `lookup: table` beside `from:`"
_ENDLESS: Final = "its result has endless decimals, and a formula loses no digit: compute it in the source"

INSTEAD: Final[dict[str, str]] = {
    **{name: _NO_CLOCK.format(name) for name in ("TODAY", "NOW", "TIMENOW", "GETDATE", "SYSDATE")},
    **dict.fromkeys(("REGEX", "REGEXMATCH", "REGEXREPLACE", "REGEXEXTRACT", "MATCHES", "LIKE"), _NO_PATTERN),
    **dict.fromkeys(("RAND", "RANDBETWEEN", "RANDOM", "UUID"), _NO_CHANCE),
    **dict.fromkeys(("VLOOKUP", "HLOOKUP", "XLOOKUP", "MATCH", "PICKLISTCOUNT"), _TABLE),
    **dict.fromkeys(("SQRT", "LOG", "LN", "EXP", "PI"), _ENDLESS),
    "ADDDATE": "write ADDDAYS(date, days)",
    "AVG": "write AVERAGE(values, decimals)",
    "BEGINSWITH": "write BEGINS(text, part)",
    "STARTSWITH": "write BEGINS(text, part)",
    "ENDSWITH": "write ENDS(text, part)",
    "BR": "write CHAR(10) for a line break",
    "CAST": "write VALUE(text), DATE(text) or TEXT(value); or `as:` beside `from:`",
    "CONCAT": "write a & b, or JOIN(list, separator)",
    "CONCATENATE": "write a & b, or JOIN(list, separator)",
    "COUNTA": "write COUNT(values): it counts what is not blank",
    "CURRENCYRATE": "rates have a date: convert in the source, or use a field of the record",
    "CONVERTCURRENCY": "rates have a date: convert in the source, or use a field of the record",
    "DATEADD": "write ADDDAYS, ADDMONTHS or ADDYEARS",
    "DATEDIFF": "its arguments differ from system to system: write DAYS(end, start), or DATEDIF(start, end, 'M')",
    "DATEPART": "write YEAR, QUARTER, MONTH, DAY, WEEKDAY or ISOWEEKNUM",
    "DECODE": "write CASE(value, match, then, ..., otherwise)",
    "DISTINCT": "write UNIQUE(values)",
    "EDATE": "write ADDMONTHS(date, months)",
    "EXACT": "write a = b: capitals always count",
    "FILTER": "write `when:` beside `each:` to leave entries out",
    "FORMAT": "write TEXT(value, '#,##0.00') or TEXT(date, 'DD.MM.YYYY')",
    "GETSESSIONID": "a formula sees the record and nothing else",
    "HYPERLINK": "write the address as text",
    "HOUR": "write TEXT(instant, 'hh'): in UTC",
    "MINUTE": "write TEXT(instant, 'mm'): in UTC",
    "SECOND": "write TEXT(instant, 'ss'): in UTC",
    "IFBLANK": "write BLANKVALUE(value, instead)",
    "IFERROR": "a value that does not fit is told, never hidden: check it first with BLANK, ISNUMBER or ISDATE",
    "IFNA": "write LOOKUP(table, value, otherwise)",
    "IFNULL": "write NULLVALUE(value, instead), or BLANKVALUE for empty text too",
    "NVL": "write NULLVALUE(value, instead), or BLANKVALUE for empty text too",
    "INITCAP": "write PROPER(text)",
    "INSTR": "write FIND(part, text)",
    "INT": "write FLOOR(number), or TRUNC(number) to cut towards zero",
    "ISCHANGED": "a formula sees the record as it is, not as it was",
    "PRIORVALUE": "a formula sees the record as it is, not as it was",
    "ISNEW": "a formula sees the record as it is, not as it was",
    "ISEMPTY": "write BLANK(value), or COUNT(list) = 0",
    "ISERROR": "a value that does not fit is told, never hidden: check it first with BLANK, ISNUMBER or ISDATE",
    "ISNULL": "write BLANK(value), or value = NULL where empty text is a value",
    "ISTEXT": "`as: text` makes it text, or says that it cannot",
    "LENGTH": "write LEN(text), or COUNT(list)",
    "LCASE": "write LOWER(text)",
    "UCASE": "write UPPER(text)",
    "LTRIM": "write TRIM(text)",
    "RTRIM": "write TRIM(text)",
    "MCEILING": "write CEILING(number)",
    "MFLOOR": "write FLOOR(number)",
    "MONTHSBETWEEN": "write DATEDIF(start, end, 'M')",
    "NETWORKDAYS": "no calendar of holidays is known here: DAYS(end, start) counts all days",
    "WORKDAY": "no calendar of holidays is known here: ADDDAYS(date, days) counts all days",
    "NUMBERVALUE": "write VALUE(text, '1.234,56')",
    "PARSEDATE": "write DATE(text, 'DD.MM.YYYY')",
    "POW": "write POWER(number, exponent)",
    "PRODUCT": "write a * b, or SUMPRODUCT(entries, 'quantity', 'price')",
    "PROPERCASE": "write PROPER(text)",
    "REPLACEALL": "write SUBSTITUTE(text, old, new)",
    "REVERSE": "a list keeps its order; LAST(values) is its last entry",
    "SEARCH": "write FIND(UPPER(part), UPPER(text)) to find without regard to capitals",
    "SUBSTR": "write MID(text, start, length)",
    "SUBSTRING": "write MID(text, start, length)",
    "STR": "write TEXT(value)",
    "TEXTJOIN": "write JOIN(list, separator)",
    "TEXTSPLIT": "write SPLIT(text, separator)",
    "TODATE": "write DATE(text, 'DD.MM.YYYY')",
    "TONUMBER": "write VALUE(text)",
    "TOTEXT": "write TEXT(value)",
    "TOLOWER": "write LOWER(text)",
    "TOUPPER": "write UPPER(text)",
    "WEEKNUM": "its count differs from country to country: write ISOWEEKNUM(date)",
    "ZN": "write BLANKVALUE(number, 0)",
}
"""Name of a function that is none here -> what to write."""


def unknown_function(name: str) -> str:
    """What to write where a formula calls a function that there is none of; "" where nothing is near."""
    upper = name.upper()
    if name in FUNCTIONS or upper in FUNCTIONS:
        return did_you_mean(name, [upper])
    return INSTEAD.get(upper.replace("_", "")) or did_you_mean(upper, FUNCTIONS)
