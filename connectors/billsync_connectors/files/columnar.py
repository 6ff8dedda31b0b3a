"""The rows of a Parquet file, a batch at a time: exact numbers, zones kept, nested values as nested data.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from billsync.connector import Refused
from billsync.model.scalar import show
from billsync_connectors.files.rows import Bad, Item, Limits, longest

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Convert = Callable[[Any], Any]
BATCH: Final = 500
_RESAVE: Final = "write it again; it may have been cut off while it was copied"


class _BadValue(ValueError):
    """A value that cannot be kept; `path` grows on the way up."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


def _arrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise Refused("extra_missing", 'Parquet needs pyarrow: pip install "billsync[parquet]"') from None


def column_names(stream: BinaryIO, limits: Limits) -> list[str] | Bad:
    """The names of the file's columns."""
    opened = _opened(stream, limits)
    return opened if isinstance(opened, Bad) else list(opened.schema_arrow.names)


def parquet_items(stream: BinaryIO, limits: Limits) -> Iterator[Item | Bad]:
    """Every row; `line` is its number, from 1."""
    pa, _ = _arrow()
    file = _opened(stream, limits)
    if isinstance(file, Bad):
        yield file
        return
    line = 1
    try:
        names, kept, converts = _plan(file.schema_arrow, pa)
        for batch in file.iter_batches(batch_size=BATCH, use_threads=False):
            columns = [_values(column, kind) for column, kind in zip(batch.columns, kept, strict=True)]
            for values in zip(*columns, strict=True):
                yield _row(line, names, converts, values, limits)
                line += 1
    except (pa.ArrowException, OSError, ValueError) as error:
        message = f"the Parquet file is damaged from about row {line} on: {_said(error)}"
        yield Bad(line, "READ-FILE-01", message, _RESAVE, fatal=True)


def _opened(stream: BinaryIO, limits: Limits) -> pq.ParquetFile | Bad:
    pa, pq = _arrow()
    try:
        file = pq.ParquetFile(
            stream,
            buffer_size=1 << 20,
            thrift_string_size_limit=1 << 26,
            thrift_container_size_limit=1 << 22,
        )
        groups = [file.metadata.row_group(at).total_byte_size for at in range(file.metadata.num_row_groups)]
    except (pa.ArrowException, OSError, ValueError) as error:
        return Bad(
            1, "READ-FILE-01", f"the file is no Parquet file, or a broken one: {_said(error)}", _RESAVE, fatal=True
        )
    if max(groups, default=0) > limits.file:
        message = f"a row group of the file has {max(groups):,} bytes unpacked, the limit is {limits.file:,}"
        return Bad(1, "READ-SIZE-01", message, "write smaller row groups, or raise max_file_bytes", fatal=True)
    return file


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """Stands for a value that Python cannot hold: a year beyond 9999, text that is not UTF-8."""

    why: str


def _values(column: pa.Array, kind: pa.DataType) -> list[Any]:
    """The column's values; where one of them cannot be read, it alone is lost."""
    cast = column if column.type == kind else column.cast(kind, safe=False)
    try:
        values: list[Any] = cast.to_pylist()
    except (ValueError, OverflowError):
        values = [_one(value) for value in cast]
    return values


def _one(value: pa.Scalar) -> Any:
    try:
        return value.as_py()
    except (ValueError, OverflowError) as error:
        return _Unreadable(_said(error))


def _said(error: Exception) -> str:
    return show(str(error).split("\n", 1)[0], 120)


def _row(
    line: int, names: list[str], converts: list[Convert | None], values: tuple[Any, ...], limits: Limits
) -> Item | Bad:
    data: dict[str, Any] = {}
    for name, convert, value in zip(names, converts, values, strict=True):
        if isinstance(value, _Unreadable):
            return _bad_value(line, name, value.why)
        if convert is not None and value is not None:
            try:
                value = convert(value)  # noqa: PLW2901
            except _BadValue as error:
                return _bad_value(line, name + error.path, str(error))
        data[name] = value
    large = next((name for name, value in data.items() if longest(value) > limits.field), None)
    if large is None:
        return Item(line, data)
    message = f"the field {show(large)} is larger than {limits.field:,} bytes"
    return Bad(line, "READ-SIZE-01", message, "shorten it, or raise max_field_bytes of the connection")


def _bad_value(line: int, name: str, why: str) -> Bad:
    hint = "correct it at the source, or leave the column out"
    return Bad(line, "READ-VALUE-01", f"the field {show(name)}: {why}", hint)


# ---------------------------------------------------------------- types


def _plan(schema: pa.Schema, pa: Any) -> tuple[list[str], list[pa.DataType], list[Convert | None]]:
    """Names, the types that Arrow brings the columns to, and what Python makes of their values."""
    kept = [_kept(column.type, pa) for column in schema]
    converts = [_convert(column.type, pa) for column in schema]
    return list(schema.names), kept, converts


def _kept(kind: pa.DataType, pa: Any) -> pa.DataType:
    """The same type with binary fractions as text, the shortest that means the same, and stamps of microseconds."""
    types = pa.types
    if types.is_floating(kind):
        return pa.string()
    if types.is_dictionary(kind):
        return _kept(kind.value_type, pa)
    if types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    if types.is_time(kind):
        return pa.time64("us")
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return pa.list_(_kept(kind.value_type, pa))
    if types.is_struct(kind):
        return pa.struct([kind.field(at).with_type(_kept(kind.field(at).type, pa)) for at in range(kind.num_fields)])
    if types.is_map(kind):
        return pa.map_(_kept(kind.key_type, pa), _kept(kind.item_type, pa))
    return kind


def _convert(kind: pa.DataType, pa: Any) -> Convert | None:
    """What makes a value of the type one that a record may hold; None where it is one already."""
    types = pa.types
    if types.is_dictionary(kind):
        return _convert(kind.value_type, pa)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _each(_convert(kind.value_type, pa))
    if types.is_struct(kind):
        return _fields({kind.field(at).name: _convert(kind.field(at).type, pa) for at in range(kind.num_fields)})
    if types.is_map(kind):
        return _entries(_convert(kind.item_type, pa))
    if types.is_floating(kind):
        return _fraction
    if types.is_timestamp(kind):
        return _stamp
    if types.is_time(kind):
        return _iso
    plain = (
        types.is_integer,
        types.is_boolean,
        types.is_string,
        types.is_large_string,
        types.is_decimal,
        types.is_date,
    )
    if any(test(kind) for test in plain) or types.is_null(kind):
        return None
    return _refusing(str(kind))


def _fraction(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise _BadValue(f"{text} is no number that can be kept")
    return Decimal(format(number, "f"))


def _stamp(value: datetime) -> datetime | str:
    """An instant where the column has a zone; else text, since nobody knows whose clock it was."""
    return value if value.tzinfo is not None else value.isoformat()


def _iso(value: date) -> str:
    return value.isoformat()


def _refusing(kind: str) -> Convert:
    def refuse(_value: Any) -> Any:
        raise _BadValue(f"a value of the type {kind} cannot be kept without loss")

    return refuse


def _each(convert: Convert | None) -> Convert:
    def convert_all(values: list[Any]) -> list[Any]:
        if convert is None:
            return values
        return [None if one is None else _at(f"[{at}]", convert, one) for at, one in enumerate(values)]

    return convert_all


def _fields(converts: dict[str, Convert | None]) -> Convert:
    def convert_fields(value: dict[str, Any]) -> dict[str, Any]:
        return {
            name: one if one is None or converts[name] is None else _at(f".{name}", converts[name], one)
            for name, one in value.items()
        }

    return convert_fields


def _entries(convert: Convert | None) -> Convert:
    def convert_entries(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
        names = [str(name) for name, _ in pairs]
        if len(set(names)) != len(names):
            raise _BadValue("a name stands twice in the map")
        values = [one if one is None or convert is None else convert(one) for _, one in pairs]
        return dict(zip(names, values, strict=True))

    return convert_entries


def _at(step: str, convert: Convert | None, value: Any) -> Any:
    if convert is None:
        return value
    try:
        return convert(value)
    except _BadValue as error:
        raise _BadValue(str(error), step + error.path) from None
