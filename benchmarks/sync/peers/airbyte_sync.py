"""Airbyte's CDK: a declarative source of the measured server, which prints its records; nothing is stored.

python airbyte_sync.py URL FOLDER > /dev/null      what it cost goes to the standard error
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

begun = time.monotonic()

from airbyte_cdk.entrypoint import launch  # noqa: E402  its import is part of every run
from airbyte_cdk.sources.declarative.concurrent_declarative_source import (  # noqa: E402
    ConcurrentDeclarativeSource,
)

url, folder = sys.argv[1], Path(sys.argv[2])
MANIFEST = {
    "version": "6.0.0",
    "type": "DeclarativeSource",
    "check": {"type": "CheckStream", "stream_names": ["opportunity"]},
    "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
    "streams": [
        {
            "type": "DeclarativeStream",
            "name": "opportunity",
            "primary_key": ["Id"],
            "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}},
            "retriever": {
                "type": "SimpleRetriever",
                "record_selector": {
                    "type": "RecordSelector",
                    "extractor": {"type": "DpathExtractor", "field_path": ["records"]},
                },
                "requester": {"type": "HttpRequester", "url_base": url, "path": "/opportunities", "http_method": "GET"},
                "paginator": {
                    "type": "DefaultPaginator",
                    "page_token_option": {
                        "type": "RequestOption",
                        "inject_into": "request_parameter",
                        "field_name": "page",
                    },
                    "pagination_strategy": {
                        "type": "CursorPagination",
                        "cursor_value": "{{ response.next }}",
                        "stop_condition": "{{ not response.next }}",
                    },
                },
            },
        }
    ],
}
CATALOG = {
    "streams": [
        {
            "stream": {"name": "opportunity", "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
            "sync_mode": "full_refresh",
            "destination_sync_mode": "overwrite",
        }
    ]
}
(folder / "config.json").write_text("{}")
(folder / "catalog.json").write_text(json.dumps(CATALOG))
source = ConcurrentDeclarativeSource(catalog=None, config={}, state=None, source_config=MANIFEST)
launch(source, ["read", "--config", str(folder / "config.json"), "--catalog", str(folder / "catalog.json")])
used = resource.getrusage(resource.RUSAGE_SELF)
told = {"wall_s": time.monotonic() - begun, "cpu_s": used.ru_utime + used.ru_stime, "mib": used.ru_maxrss / 1024}
print(json.dumps(told), file=sys.stderr)
