"""Folders of CSV and JSONL files as a CRM: deals and customers are read, the state of their invoices is written back.

Owns: what a file's bytes mean, record by record, and that nothing is taken for deleted while anything is unreadable.
Does not own: what the columns mean (mappings).  `scan` finds where a record ends, `rows` gives records in flat memory,
`table` gives them names and ids, `folder` opens files, `status` writes.  (shell)
"""

from billsync_connectors.files.config import FilesConfig, ObjectConfig
from billsync_connectors.files.connector import Files

__all__ = ["Files", "FilesConfig", "ObjectConfig"]
