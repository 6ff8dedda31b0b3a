"""The server that all sides read: opportunities in pages of 200, made once and then sent as they are.

    python -m benchmarks.sync.server 20000 0.05      prints its port, ends with its standard input

`GET /opportunities?page=N` gives `{"records": [...], "next": N + 1}`, at the end `null`; with `since=` at or after the
newest record nothing has changed.  Amounts are numbers with a point, as CRMs send them.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.mapping.records import opportunity

PAGE = 200
EMPTY = b'{"records":[],"next":null}'


def record(number: int) -> dict[str, Any]:
    """The record of a number."""
    made = opportunity(number)
    made["Amount"] = number % 90_000 + 0.25
    made["SystemModstamp"] = f"2026-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    for line in made["OpportunityLineItems"]["records"]:
        line["Quantity"], line["UnitPrice"] = int(line["Quantity"]), float(line["UnitPrice"])
    return made


def pages(count: int) -> list[bytes]:
    """The bodies of all pages."""
    starts = range(0, count, PAGE)
    return [
        json.dumps(
            {
                "records": [record(number) for number in range(start, min(start + PAGE, count))],
                "next": at + 2 if at + 1 < len(starts) else None,
            }
        ).encode()
        for at, start in enumerate(starts)
    ]


async def serve(count: int, delay_s: float) -> None:
    """Answer until the standard input ends."""
    bodies = pages(count)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            asked = parse_qs(urlsplit(head.split(b" ", 2)[1].decode()).query)
            if delay_s:
                await asyncio.sleep(delay_s)
            body = EMPTY if "since" in asked else bodies[int(asked.get("page", ["1"])[0]) - 1]
            length = str(len(body)).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + length + b"\r\n\r\n"
            )
            writer.write(body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    """The head of the next request, empty at the end."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


@contextmanager
def running(count: int, delay_s: float = 0) -> Iterator[str]:
    """Address of a server with so many records, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.sync.server", str(count), str(delay_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.communicate()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
