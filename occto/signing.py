"""Signatures of printed certificates: JWS compact (RFC 7515) by Ed25519 (RFC 8037), keys published as JWKS (RFC 7517)."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from occto import vault
from occto.domain.actor import SYSTEM
from occto.extensions import db
from occto.queries import certificates as reads
from occto.services import certificates
from occto.unit_of_work import run

ALGORITHM: Final = "EdDSA"
_KID = 16  # base64url characters of the thumbprint: 96 bits


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as the verbs of `services/certificates.py` take it."""

    kid: str
    public_key: str
    private_key_enc: str

    def values(self) -> dict[str, str]:
        return asdict(self)


def make_key() -> NewKey:
    """A new key: named by its thumbprint (RFC 7638), the private half encrypted under DATA_KEY."""
    private = Ed25519PrivateKey.generate()
    public = _base64url(private.public_key().public_bytes_raw())
    thumbprint = hashlib.sha256(_compact({"crv": "Ed25519", "kty": "OKP", "x": public})).digest()
    secret = vault.encrypt(_base64url(private.private_bytes_raw()))
    return NewKey(_base64url(thumbprint)[:_KID], public, secret)


def ensure_key(*, now: datetime) -> bool:
    """Make the first signing key where there is none, in a unit of work of its own; whether one was made. Never on GET."""
    if reads.signing_key(db.session()) is not None:
        return False
    return run(certificates.enter_first_signing_key, **make_key().values(), actor=SYSTEM, now=now)


def sign(payload: Mapping[str, Any], *, kid: str, private_key_enc: str) -> str | None:
    """`payload` as JWS compact; None where DATA_KEY is not the one that the key was encrypted under."""
    secret = vault.decrypt(private_key_enc)
    if secret is None:
        return None
    header = _base64url(_compact({"alg": ALGORITHM, "kid": kid}))
    signed = f"{header}.{_base64url(_compact(payload))}"
    private = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(secret + "="))
    return f"{signed}.{_base64url(private.sign(signed.encode()))}"


def jwks(keys: Sequence[reads.Key]) -> dict[str, list[dict[str, str]]]:
    """The public halves as a JWK set."""
    return {
        "keys": [
            {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": ALGORITHM, "kid": key.kid, "x": key.public_key}
            for key in keys
        ]
    }


def _compact(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
