"""How columns of the ledger database are made, and the names of its keys.  (shell)"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData

from billsync.store.types import PLAIN, Key, Moment

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def key(name: str, *rest: Any, primary: bool = False) -> Column[str]:
    """An identifier that is indexed."""
    return Column(name, Key, *rest, primary_key=primary, nullable=False)


def text(name: str, *, null: bool = False) -> Column[str]:
    """Text that is not looked for."""
    return Column(name, PLAIN, nullable=null)


def count(name: str) -> Column[int]:
    """A small whole number."""
    return Column(name, Integer, nullable=False)


def minor(name: str) -> Column[int]:
    """An amount in minor units."""
    return Column(name, BigInteger, nullable=False)


def number(name: str, *, primary: bool = True, null: bool = False) -> Column[int]:
    """A large whole number."""
    return Column(name, BigInteger, primary_key=primary, autoincrement=False, nullable=null)


def at(name: str, *, null: bool = False) -> Column[Any]:
    """An instant."""
    return Column(name, Moment, nullable=null)


def whole() -> Column[str]:
    """The indexed texts of the row that are too long for an index."""
    return text("whole", null=True)
