"""The limit: every page fetched and parsed, and nothing done with it.

python -m benchmarks.sync.raw URL
"""

from __future__ import annotations

import json
import resource
import sys
import time

import httpx
from msgspec.json import decode


def main() -> None:
    """One measurement in this process."""
    begun, cpu, count, page = time.monotonic(), time.process_time(), 0, 1
    with httpx.Client(base_url=sys.argv[1], trust_env=False) as http:
        while page:
            found = decode(http.get("/opportunities", params={"page": page}).content)
            count += len(found["records"])
            page = found["next"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"wall_s": time.monotonic() - begun, "cpu_s": time.process_time() - cpu, "mib": peak, "records": count}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
