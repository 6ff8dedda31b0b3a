"""The settings of a folder connection.  (pure)"""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from billsync.model.base import Id, Noun, Text
from billsync_connectors.files.remote_address import REMOTE, Address, fingerprints

Format = Literal["csv", "jsonl", "xlsx", "parquet"]


class ObjectConfig(Noun):
    """One kind of record.

    Attributes:
        file: name or glob inside the folder, or None for `<object>.csv`, `.jsonl`, `.xlsx` or `.parquet`, whichever is
            there.
        key: column (field) that holds the record's id, or None for the first column.
        format: None for what the file's name ends with.
        delimiter: one ASCII character between the cells of a CSV row.
        sheet: name of a workbook's sheet, or None for the first one that is not hidden.
        header_row: number of the sheet's row that names the columns, or None for the first that is not blank.
    """

    file: Id | None = None
    key: Id | None = None
    format: Format | None = None
    delimiter: Text = ","
    sheet: Id | None = None
    header_row: int | None = Field(default=None, ge=1, le=1 << 20)

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
    """A folder of files that stands for a CRM: CSV and JSONL (UTF-8, also with gzip), Excel and Parquet.

    Attributes:
        folder: relative to the configuration file, or absolute, or `sftp://host/path` for one of another machine.
        objects: kinds of record by name; where there are none, every file of the folder that can be read is one, named
            like the file, and its first column is the key.
        status_folder: where invoice status is written, or None for nowhere; of SFTP a path on the same machine.
        max_field_bytes, max_record_bytes: anything larger is a problem, not a record.
        max_file_bytes: a file that is larger, as it lies there or unpacked, is not read.
        page_size: records a page.
        user, password, private_key, passphrase: log-in of SFTP; the key is PEM or OpenSSH text.
        host_key: fingerprints of the machine's key, such as `SHA256:...`; SFTP is not spoken without one.
        allow_private: True where the host is one of the own network and is named, not written as an address.
        trust_times: True to take a file of SFTP for unchanged by its size and time, without fetching it.
        timeout: seconds that one answer of SFTP may take.
    """

    folder: Id
    objects: dict[Id, ObjectConfig] = {}
    status_folder: Id | None = None
    max_field_bytes: int = Field(default=1 << 18, ge=16, le=1 << 24)
    max_record_bytes: int = Field(default=1 << 20, ge=64, le=1 << 26)
    max_file_bytes: int = Field(default=1 << 30, ge=1 << 10, le=1 << 40)
    page_size: int = Field(default=500, ge=1, le=10_000)
    user: Text = ""
    password: SecretStr | None = None
    private_key: SecretStr | None = None
    passphrase: SecretStr | None = None
    host_key: tuple[Text, ...] | Text = ()
    allow_private: bool = False
    trust_times: bool = False
    timeout: int = Field(default=30, ge=1, le=600)

    @field_validator("objects")
    @classmethod
    def _names(cls, value: dict[str, ObjectConfig]) -> dict[str, ObjectConfig]:
        for name in value:
            if "/" in name or "\\" in name or name.startswith("."):
                raise ValueError(f"the object {name!r} cannot be a file's name: give it another name and a `file:`")
        return value

    @field_validator("folder")
    @classmethod
    def _readable(cls, value: str) -> str:
        if value.startswith(REMOTE):
            Address.read(value)
        return value

    @field_validator("host_key")
    @classmethod
    def _fingerprints(cls, value: tuple[str, ...] | str) -> tuple[str, ...]:
        return fingerprints(value)

    @model_validator(mode="after")
    def _apart(self) -> FilesConfig:
        read = Address.read(self.folder).path if self.is_remote else self.folder
        if self.status_folder is not None and PurePath(self.status_folder) == PurePath(read):
            raise ValueError("status_folder must not be the folder that is read: what is written would come back in")
        if self.status_folder is not None and self.status_folder.startswith(REMOTE):
            raise ValueError("status_folder is a path on the machine of `folder`, without sftp://")
        if self.is_remote and not (self.user and (self.password or self.private_key)):
            raise ValueError("sftp:// needs `user`, and `password` or `private_key`")
        if self.is_remote and not self.objects:
            raise ValueError("sftp:// needs `objects`: the files of another machine are not guessed")
        return self

    @property
    def is_remote(self) -> bool:
        """Whether the folder is on another machine."""
        return self.folder.startswith(REMOTE)
