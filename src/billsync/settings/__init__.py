"""The configuration `billsync.yaml`: systems, pipelines, rules; every error with its line, all at once.  (shell)

`file` reads it, `shape` says what stands in a pipeline, `convert` turns YAML into models and complaints into problems,
`connection` holds what belongs to a connector and fetches its secrets, `editing` changes a text and leaves the rest as
it is.
"""

from billsync.settings.connection import Connection, Sandbox
from billsync.settings.convert import BadSettings, node_to_model
from billsync.settings.file import Settings, load, parsed
from billsync.settings.shape import Billing, Mappings, Pipeline, Push
from billsync.timetable import Schedule

__all__ = [
    "BadSettings",
    "Billing",
    "Connection",
    "Mappings",
    "Pipeline",
    "Push",
    "Sandbox",
    "Schedule",
    "Settings",
    "load",
    "node_to_model",
    "parsed",
]
