"""Secrets: passwords, second factor, tokens and keyed hashes. Keys come from the configuration, never from code."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, InvalidToken
from flask import current_app

from occto.domain.text import half_width_digits

TOKEN_BYTES = 24  # 192 bit
TOTP_PERIOD = 30  # seconds, RFC 6238
_RECOVERY_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def make_token() -> str:
    """A token for a cookie or a mailed link: 192 random bits, safe in an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def keyed(text: str) -> str:
    """A hash of `text` that cannot be guessed back without the key, for throttles and recovery codes."""
    return hmac.new(_key("keyed-hash"), text.encode(), hashlib.sha256).hexdigest()


def derived(purpose: str, text: str) -> bytes:
    """32 bytes that belong to `text` under DATA_KEY: the same whenever asked, and nobody else can make them."""
    return hmac.new(_key(purpose), text.encode(), hashlib.sha256).digest()


def hash_password(password: str) -> str:
    """argon2id of a password that was already normalised; slow on purpose, so never inside a transaction."""
    return _hasher().hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`; an unknown user (None) takes the same time."""
    try:
        matches = _hasher().verify(stored or _dummy(), password)
    except (VerificationError, InvalidHashError):
        return False
    return matches and stored is not None


def needs_rehash(stored: str) -> bool:
    """Whether `stored` was made with other parameters than today's."""
    return _hasher().check_needs_rehash(stored)


def encrypt(text: str) -> str:
    """`text` under DATA_KEY, for secrets that have to be read again."""
    return _fernet().encrypt(text.encode()).decode()


def decrypt(token: str) -> str | None:
    """What `encrypt` was given; None where the token is damaged or of another key."""
    try:
        return _fernet().decrypt(token.encode()).decode()
    except (InvalidToken, ValueError):
        return None


def make_totp_secret() -> str:
    """A new secret for an authenticator app, base32."""
    return pyotp.random_base32()


def totp_uri(secret: str, *, account: str) -> str:
    """The otpauth address that an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name="会員情報管理システム")


def matching_step(secret: str, code: str, *, now: datetime) -> int | None:
    """The time step whose code `code` is, this one or a neighbour (clocks differ by up to 30 s); None where none is."""
    totp = pyotp.TOTP(secret)
    present = int(now.timestamp()) // TOTP_PERIOD
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(totp.at(step * TOTP_PERIOD), code):
            return step
    return None


def totp_now(secret: str, *, now: datetime) -> str:
    """The code that an authenticator app shows now; for the demo's page of codes and tests."""
    return pyotp.TOTP(secret).at(int(now.timestamp()))


def make_recovery_code() -> str:
    """A code of 10 letters that stand apart when read aloud, such as 7QK2M-XW4TA."""
    letters = "".join(secrets.choice(_RECOVERY_ALPHABET) for _ in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def recovery_hash(code: str) -> str:
    """The keyed hash of a recovery code however it was typed: width, case and hyphens do not matter."""
    return keyed("recovery:" + "".join(letter for letter in half_width_digits(code).upper() if letter.isalnum()))


def _hasher() -> PasswordHasher:
    hasher = current_app.extensions.get("occto_hasher")
    if hasher is None:
        cheap = bool(current_app.config.get("CHEAP_PASSWORDS"))  # tests only
        hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1) if cheap else PasswordHasher()
        current_app.extensions["occto_hasher"] = hasher
    return hasher


def _dummy() -> str:
    dummy = current_app.extensions.get("occto_dummy_hash")
    if dummy is None:
        dummy = current_app.extensions["occto_dummy_hash"] = _hasher().hash(secrets.token_hex(16))
    return str(dummy)


def _fernet() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_key("fernet")))


def _key(purpose: str) -> bytes:
    """A key of its own for each purpose, derived from DATA_KEY."""
    return hmac.new(str(current_app.config["DATA_KEY"]).encode(), purpose.encode(), hashlib.sha256).digest()
