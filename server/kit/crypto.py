"""Sealing of stored secrets, hashing of keys and passwords, signing of links."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# OWASP's first choice for Argon2id: 40 ms of a core and 19 MiB. The library's own takes six times as much, so that a
# few hundred people who log in at once would wait longer than the gateway does. Stored hashes carry their parameters.
_PASSWORDS = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Sealer:
    """Encrypts text for storage with AES-256-GCM, under a key derived from the instance's secret."""

    def __init__(self, secret_key: str) -> None:
        self._aes = AESGCM(hashlib.sha256(b"transom-seal|" + secret_key.encode()).digest())

    def seal(self, text: str) -> str:
        """Encrypt; the same text never gives the same result twice."""
        nonce = os.urandom(12)
        return base64.urlsafe_b64encode(nonce + self._aes.encrypt(nonce, text.encode(), None)).decode()

    def open(self, sealed: str) -> str:
        """Decrypt. Raises ValueError when the secret key is another one or the text was changed."""
        raw = base64.urlsafe_b64decode(sealed)
        try:
            return self._aes.decrypt(raw[:12], raw[12:], None).decode()
        except InvalidTag:
            raise ValueError("sealed with another secret key") from None


def key_hash(token: str) -> str:
    """What an API key or refresh token is looked up by; keys are long and random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def hash_password(password: str) -> str:
    """Argon2id. Takes tens of milliseconds: never on the event loop."""
    return _PASSWORDS.hash(password)


def check_password(password: str, stored: str) -> bool:
    """Whether the password is the stored one. Takes tens of milliseconds."""
    try:
        return _PASSWORDS.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def sign(secret_key: str, text: str) -> str:
    """HMAC-SHA256 of text, urlsafe base64 (service-api.md 9.1, signed links)."""
    return base64.urlsafe_b64encode(hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def same(left: str, right: str) -> bool:
    """Compare without telling by time where they differ."""
    return hmac.compare_digest(left.encode(), right.encode())
