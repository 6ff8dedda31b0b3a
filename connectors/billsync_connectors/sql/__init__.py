"""Any SQL database as a CRM: a warehouse's table or query is read by key and cursor, a table of status is written.

Owns: that no row is missed or taken twice, whatever is written meanwhile, and that nothing but the tables named under
`writes` is ever changed.  Does not own: what the columns mean (mappings).  `statements` builds the SQL, `reading`
walks, `rows` and `values` make records, `position` knows where a read stands, `writing` writes.  (shell)
"""

from billsync_connectors.sql.connector import Sql
from billsync_connectors.sql.settings import ObjectConfig, SqlSettings, WriteConfig

__all__ = ["ObjectConfig", "Sql", "SqlSettings", "WriteConfig"]
