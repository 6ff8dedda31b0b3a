"""Whether a query only reads, judged by its words.  (pure)

It runs inside a SELECT and in a transaction that may not write, too; this says so at once, and in words.
"""

from __future__ import annotations

import re
from typing import Final

_SKIPPED: Final = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/""", re.DOTALL
)
_WRITING: Final = re.compile(
    r"""(?:insert|update|delete|merge|upsert|replace|truncate|drop|create|alter|grant|revoke|call
    |exec|execute|copy|into|attach|detach|pragma|vacuum|reindex|refresh|lock|set|reset|begin|commit|rollback|savepoint|load|install)""",
    re.VERBOSE,
)
_READING: Final = ("select", "with", "values", "from")
_CALLS: Final = frozenset(("replace", "insert", "truncate", "set"))  # names of functions as well


def check_query(text: str) -> str:
    """The query without its last semicolon.  Raises ValueError for one that is not a single SELECT."""
    query = text.strip().rstrip(";").rstrip()
    bare = _SKIPPED.sub(" '' ", query)
    words = re.findall(r"\w+|;|'", bare.lower())
    if not words or words[0].strip("(") not in _READING:
        raise ValueError("expected a query that begins with SELECT or WITH")
    if ";" in bare:
        raise ValueError("expected one query, without a semicolon in it")
    found = next((match for match in re.finditer(r"\b\w+\b", bare) if _writes(match, bare)), None)
    if found is not None:
        raise ValueError(
            f"the query writes, or may: {found[0].upper()}; only SELECT is run here (quote a column of that name)"
        )
    return query


def _writes(match: re.Match[str], text: str) -> bool:
    word = match[0].lower()
    if not _WRITING.fullmatch(word) or text[: match.start()].rstrip().endswith("."):
        return False
    return not (word in _CALLS and text[match.end() :].lstrip().startswith("("))
