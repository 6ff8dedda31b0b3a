"""dlt, with its best settings: one worker in this process, files that its destinations load fastest, merge by key.

python dlt_sync.py URL DESTINATION PLACE WORK      DESTINATION: duckdb, sqlite or postgres
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from urllib.parse import parse_qs, quote, urlsplit

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

import dlt
from dlt.sources.helpers import requests

FORMATS = {"duckdb": "parquet", "sqlite": "parquet", "postgres": "csv"}


def spent() -> float:
    """CPU seconds of this process and of those that it started."""
    return sum(resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime for who in WHO)


WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
url, name, place, work = sys.argv[1:]


NEWEST = dlt.sources.incremental("SystemModstamp", initial_value="")


@dlt.resource(name="opportunity", primary_key="Id", write_disposition="merge", max_table_nesting=2)
def opportunities(newest=NEWEST):  # noqa: ARG001  the library keeps the cursor by it
    page = 1
    while page:
        found = requests.get(f"{url}/opportunities", params={"page": page}).json()
        yield found["records"]
        page = found["next"]


def _server(address: str) -> dict[str, str]:
    """Its parts; the folder of a socket is a host to the driver where its slashes are encoded."""
    parts = urlsplit(address)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    return {
        "host": quote(host, safe=""),
        "database": parts.path[1:],
        "username": parts.username or "",
        "password": "none",
    }


destination = {
    "duckdb": lambda: dlt.destinations.duckdb(place),
    "sqlite": lambda: dlt.destinations.sqlalchemy(f"sqlite:///{place}"),
    "postgres": lambda: dlt.destinations.postgres(_server(place)),
}[name]()
begun, cpu = time.monotonic(), spent()
pipeline = dlt.pipeline("bench", pipelines_dir=work, destination=destination, dataset_name="bench")
pipeline.run(opportunities(), loader_file_format=FORMATS[name])
rows = pipeline.last_trace.last_normalize_info.row_counts["opportunity"]
peak = max(resource.getrusage(who).ru_maxrss for who in WHO) / 1024
print(json.dumps({"wall_s": time.monotonic() - begun, "cpu_s": spent() - cpu, "mib": peak, "records": rows}))
