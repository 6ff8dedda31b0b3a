"""Xero's own description as the judge of requests and answers."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml
from jsonschema_path import SchemaPath
from openapi_core import V30RequestValidator, V30ResponseValidator
from openapi_core.testing import MockRequest, MockResponse

FILE = Path(__file__).parent / "contract" / "xero_accounting.yaml"
HOST = "http://localhost"


@lru_cache(maxsize=1)
def _validators() -> tuple[Any, Any]:
    with FILE.open(encoding="utf-8") as stream:
        found = yaml.load(stream, Loader=yaml.CSafeLoader)  # noqa: TID251  a test's own file
    found["servers"] = [{"url": f"{HOST}/api.xro/2.0"}]
    for operations in found["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                operation.pop("security", None)  # openapi-core knows no OAuth 2 and would only warn
    whole = SchemaPath.from_dict(found)
    files: dict[str, Any] = {"application/octet-stream": _base64}
    return V30RequestValidator(whole, extra_media_type_deserializers=files), V30ResponseValidator(whole)


def _base64(body: bytes, **_parameters: str) -> str:
    """A file as the description has it: text of the format `byte`, though what goes over the wire are the bytes."""
    return b64encode(body).decode()


def held(
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes,
    status: int,
    answer: bytes,
    type: str,
    *,
    asked: bool = True,
) -> None:
    """Raise where a request or its answer is not as the description has it; without `asked` only the answer."""
    split = urlsplit(url)
    sent = headers.get("content-type", "application/json").partition(";")[0]
    request = MockRequest(
        HOST,
        method.lower(),
        unquote(split.path),
        args={name: values[0] for name, values in parse_qs(split.query).items()},
        headers=dict(headers),
        data=body or None,
        content_type=sent,
    )
    requests, responses = _validators()
    if asked:
        requests.validate(request)
    if status in (200, 204) or (status == 400 and method != "GET"):  # a refused question is not described
        responses.validate(request, MockResponse(answer, status_code=status, content_type=type.partition(";")[0]))
