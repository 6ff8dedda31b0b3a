"""The settings of a folder connection.  (pure)"""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from pydantic import Field, field_validator, model_validator

from billsync.model.base import Id, Noun, Text

Format = Literal["csv", "jsonl"]


class ObjectConfig(Noun):
    """One kind of record.

    Attributes:
        file: name or glob inside the folder, or None for `<object>.csv` or `<object>.jsonl`, whichever is there.
        key: column (field) that holds the record's id, or None for the first column.
        format: None for what the file's name ends with.
        delimiter: one ASCII character between the cells of a CSV row.
    """

    file: Id | None = None
    key: Id | None = None
    format: Format | None = None
    delimiter: Text = ","

    @field_validator("file")
    @classmethod
    def _inside(cls, value: str | None) -> str | None:
        parts = PurePath((value or "").replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts:
            raise ValueError(f"expected a name or glob inside the folder, got {value!r}")
        return value

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str) -> str:
        if len(value) != 1 or not value.isascii() or value in '"\r\n' or value.isalnum():
            raise ValueError(f"expected one character such as , or ; or a tab, got {value!r}")
        return value


class FilesConfig(Noun):
    """A folder of CSV and JSONL files (UTF-8) that stands for a CRM.

    Attributes:
        folder: relative to the configuration file, or absolute.
        objects: kinds of record by name; where there are none, every *.csv and *.jsonl file of the folder is one, named
            like the file, and its first column is the key.
        status_folder: where invoice status is written, or None for nowhere.
        max_field_bytes, max_record_bytes: anything larger is a problem, not a record.
    """

    folder: Id
    objects: dict[Id, ObjectConfig] = {}
    status_folder: Id | None = None
    max_field_bytes: int = Field(default=1 << 18, ge=16, le=1 << 24)
    max_record_bytes: int = Field(default=1 << 20, ge=64, le=1 << 26)

    @field_validator("objects")
    @classmethod
    def _names(cls, value: dict[str, ObjectConfig]) -> dict[str, ObjectConfig]:
        for name in value:
            if "/" in name or "\\" in name or name.startswith("."):
                raise ValueError(f"the object {name!r} cannot be a file's name: give it another name and a `file:`")
        return value

    @model_validator(mode="after")
    def _apart(self) -> FilesConfig:
        if self.status_folder is not None and PurePath(self.status_folder) == PurePath(self.folder):
            raise ValueError("status_folder must not be the folder that is read: what is written would come back in")
        return self
