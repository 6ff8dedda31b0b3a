"""Signatures of log-in assertions judged: RSA-PSS and ECDSA, of a certificate or a public key in PEM.  (pure)

Written here because the stand-in uses nothing but the standard library; not meant for anything but a stand-in.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----\s*(.+?)\s*-----END \1-----", re.DOTALL)
_RSA: Final = bytes.fromhex("06092a864886f70d010101")
_EC: Final = bytes.fromhex("06072a8648ce3d0201")
_P: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B: Final = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_G: Final = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_SMALLEST: Final = 3072
_HASHES: Final = {"PS256": "sha256", "PS384": "sha384", "PS512": "sha512"}
Point = tuple[int, int] | None


def verified(algorithm: str, pem: str, message: bytes, signature: bytes) -> bool:
    """Whether a signature is of this key; only algorithms that NetSuite documents.  Raises ValueError."""
    kind, numbers = public(pem)
    if algorithm in _HASHES and kind == "RSA":
        return _pss(numbers, message, signature, _HASHES[algorithm])
    if algorithm == "ES256" and kind == "EC":
        return _ecdsa(numbers, message, signature)
    return False


def public(text: str) -> tuple[str, tuple[int, int]]:
    """RSA's modulus and exponent, or P-256's point.  Raises ValueError."""
    match = _PEM.search(text)
    if match is None:
        raise ValueError("not PEM")
    ((_, whole),) = parts(base64.b64decode(match[2]))
    if match[1] == "CERTIFICATE":
        inside = parts(parts(whole)[0][1])
        whole = next(body for tag, body in inside if tag == 0x30 and (_RSA in body[:20] or _EC in body[:20]))
    algorithm, bits = parts(whole)
    if _EC in algorithm[1]:
        point = bits[1][2:]
        return "EC", (int.from_bytes(point[:32], "big"), int.from_bytes(point[32:], "big"))
    ((_, key),) = parts(bits[1][1:])
    modulus, exponent = (int.from_bytes(body, "big") for _, body in parts(key))
    if modulus.bit_length() < _SMALLEST:
        raise ValueError(f"an RSA key has {_SMALLEST} bits at least")
    return "RSA", (modulus, exponent)


def parts(content: bytes) -> list[tuple[int, bytes]]:
    """The values inside of one in DER: tag and content of each.  Raises ValueError."""
    found, at = [], 0
    while at < len(content):
        if at + 2 > len(content):
            raise ValueError("cut off")
        tag, size, at = content[at], content[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            size, at = int.from_bytes(content[at : at + count], "big"), at + count
        if at + size > len(content):
            raise ValueError("cut off")
        found.append((tag, content[at : at + size]))
        at += size
    return found


# ---------------------------------------------------------------- RSA-PSS (RFC 8017, 9.1.2)


def _pss(key: tuple[int, int], message: bytes, signature: bytes, name: str) -> bool:
    modulus, exponent = key
    bits = modulus.bit_length() - 1
    size, digest = (bits + 7) // 8, hashlib.new(name, message).digest()
    if len(signature) != (modulus.bit_length() + 7) // 8:
        return False
    coded = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(size, "big")
    masked, hashed = coded[: size - len(digest) - 1], coded[size - len(digest) - 1 : -1]
    if coded[-1] != 0xBC:
        return False
    mask = _mask(hashed, len(masked), name)
    clear = int.from_bytes(bytes(a ^ b for a, b in zip(masked, mask, strict=True)), "big")
    clear &= (1 << (bits - 8 * (size - len(masked)))) - 1
    unpadded = clear.to_bytes(len(masked), "big").lstrip(b"\0")
    if unpadded[:1] != b"\x01":
        return False
    return hashlib.new(name, b"\0" * 8 + digest + unpadded[1:]).digest() == hashed


def _mask(seed: bytes, size: int, name: str) -> bytes:
    found, count = b"", 0
    while len(found) < size:
        found += hashlib.new(name, seed + count.to_bytes(4, "big")).digest()
        count += 1
    return found[:size]


# ---------------------------------------------------------------- ECDSA on P-256


def _ecdsa(key: tuple[int, int], message: bytes, signature: bytes) -> bool:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    on_curve = (key[1] ** 2 - key[0] ** 3 + 3 * key[0] - _B) % _P == 0
    if len(signature) != 64 or not (0 < r < _N and 0 < s < _N and on_curve):
        return False
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    inverse = pow(s, -1, _N)
    found = _add(_times(digest * inverse % _N, _G), _times(r * inverse % _N, key))
    return found is not None and found[0] % _N == r


def _add(one: Point, two: Point) -> Point:
    if one is None or two is None:
        return one or two
    if one[0] == two[0]:
        if (one[1] + two[1]) % _P == 0:
            return None
        slope = (3 * one[0] ** 2 - 3) * pow(2 * one[1], -1, _P)
    else:
        slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, _P)
    x = (slope**2 - one[0] - two[0]) % _P
    return x, (slope * (one[0] - x) - one[1]) % _P


def _times(factor: int, point: Point) -> Point:
    found: Point = None
    while factor:
        if factor & 1:
            found = _add(found, point)
        point, factor = _add(point, point), factor >> 1
    return found
