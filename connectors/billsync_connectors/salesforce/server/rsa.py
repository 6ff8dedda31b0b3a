"""RSA with SHA-256: signatures of log-in assertions judged, the stand-in's own key and certificate made.  (pure)

Written here because the stand-in uses nothing but the standard library; not meant for anything but a stand-in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from billsync_connectors.salesforce.server import der
from billsync_connectors.salesforce.server.der import INTEGER, OCTETS, SEQUENCE, SET, bits, integer, oid, parts, tlv

_SHA256: Final = bytes.fromhex("3031300d060960864801650304020105000420")
_SIGNED: Final = tlv(SEQUENCE, oid("1.2.840.113549.1.1.11"), b"\x05\x00")
_EXPONENT: Final = 65537
_ROUNDS: Final = 8
_SMALL: Final = [n for n in range(3, 2000, 2) if all(n % k for k in range(3, int(n**0.5) + 1, 2))]
Chance = Callable[[int], int]
"""Gives a number of so many random bits."""


def public(text: str) -> tuple[int, int]:
    """Modulus and exponent of a certificate or a public key in PEM.  Raises ValueError."""
    kind, content = der.unarmoured(text)
    ((_tag, whole),) = parts(content)
    inside = parts(whole)
    if kind == "CERTIFICATE":
        inside = next(parts(body) for tag, body in parts(inside[0][1]) if tag == SEQUENCE and _is_key(body))
    if kind != "RSA PUBLIC KEY":
        ((_tag, key),) = parts(inside[1][1][1:])
        inside = parts(key)
    (modulus, exponent) = (int.from_bytes(body, "big") for tag, body in inside if tag == INTEGER)
    return modulus, exponent


def _is_key(body: bytes) -> bool:
    """Whether it is a subject's public key of RSA."""
    return body.find(oid("1.2.840.113549.1.1.1")) >= 0 and parts(body)[0][0] == SEQUENCE


def signed_by(key: tuple[int, int], message: bytes, signature: bytes) -> bool:
    """Whether an RS256 signature is of this key (PKCS #1, 1.5)."""
    modulus, exponent = key
    size = (modulus.bit_length() + 7) // 8
    if len(signature) != size:
        return False
    found = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(size, "big")
    return found == _padded(message, size)


def _padded(message: bytes, size: int) -> bytes:
    told = _SHA256 + hashlib.sha256(message).digest()
    return b"\x00\x01" + b"\xff" * (size - len(told) - 3) + b"\x00" + told


# ---------------------------------------------------------------- the stand-in's own


def own(chance: Chance, host: str, now: datetime, *, size: int = 2048) -> tuple[str, str]:
    """A new key and its own certificate for a loopback address, both in PEM."""
    one, other = _prime(chance, size // 2), _prime(chance, size // 2)
    while other == one:
        other = _prime(chance, size // 2)
    modulus, private = one * other, pow(_EXPONENT, -1, (one - 1) * (other - 1))
    numbers = (0, modulus, _EXPONENT, private, one, other)
    rest = (private % (one - 1), private % (other - 1), pow(other, -1, one))
    key = tlv(SEQUENCE, *map(integer, (*numbers, *rest)))
    body = _certificate(modulus, host, now, chance(64))
    size_bytes = (modulus.bit_length() + 7) // 8
    mark = pow(int.from_bytes(_padded(body, size_bytes), "big"), private, modulus).to_bytes(size_bytes, "big")
    return der.armoured("RSA PRIVATE KEY", key), der.armoured("CERTIFICATE", tlv(SEQUENCE, body, _SIGNED, bits(mark)))


def _certificate(modulus: int, host: str, now: datetime, serial: int) -> bytes:
    name = tlv(SEQUENCE, tlv(SET, tlv(SEQUENCE, oid("2.5.4.3"), tlv(0x0C, b"Salesforce stand-in"))))
    times = [tlv(0x18, f"{day:%Y%m%d%H%M%SZ}".encode()) for day in (now - timedelta(30), now + timedelta(3650))]
    key = tlv(SEQUENCE, integer(modulus), integer(_EXPONENT))
    info = tlv(SEQUENCE, tlv(SEQUENCE, oid("1.2.840.113549.1.1.1"), b"\x05\x00"), bits(key))
    address = bytes(map(int, host.split(".")))
    names = tlv(SEQUENCE, tlv(0x87, address), tlv(0x82, b"localhost"), tlv(0x82, b"*.my.salesforce.com"))
    mark = hashlib.sha1(key, usedforsecurity=False).digest()
    more = tlv(
        SEQUENCE,
        _extension("2.5.29.19", tlv(SEQUENCE, b"\x01\x01\xff"), critical=True),
        _extension("2.5.29.15", tlv(0x03, b"\x02\xa4"), critical=True),
        _extension("2.5.29.17", names, critical=False),
        _extension("2.5.29.14", tlv(OCTETS, mark), critical=False),
        _extension("2.5.29.35", tlv(SEQUENCE, tlv(0x80, mark)), critical=False),
    )
    version, valid = tlv(0xA0, integer(2)), tlv(SEQUENCE, *times)
    return tlv(SEQUENCE, version, integer(serial), _SIGNED, name, valid, name, info, tlv(0xA3, more))


def _extension(id: str, value: bytes, *, critical: bool) -> bytes:
    return tlv(SEQUENCE, oid(id), b"\x01\x01\xff" if critical else b"", tlv(OCTETS, value))


def _prime(chance: Chance, size: int) -> int:
    while True:
        number = chance(size) | 1 | 3 << (size - 2)
        if all(number % small for small in _SMALL) and (number - 1) % _EXPONENT and _probable(number, chance):
            return number


def _probable(number: int, chance: Chance) -> bool:
    """Miller's and Rabin's test."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(_ROUNDS):
        witness = pow(2 + chance(128), odd, number)
        if witness in (1, number - 1):
            continue
        for _ in range(twos - 1):
            witness = witness * witness % number
            if witness == number - 1:
                break
        else:
            return False
    return True
