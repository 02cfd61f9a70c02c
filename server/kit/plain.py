"""Make free-form data safe to store and to print as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_INT64 = 2**63


def clean_text(text: str) -> str:
    """Drop NUL characters and lone surrogates: PostgreSQL stores neither, UTF-8 has no second one."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if not text.isascii():
        text = text.encode("utf-8", "ignore").decode("utf-8")
    return text


def clean(value: Any) -> Any:
    """Copy a JSON-like value with clean text, string keys and numbers that JSON can carry.

    Whole numbers beyond 64 bits become floats; NaN, infinities and foreign types raise ValueError.
    """
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else _finite(float(value))
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, Mapping):
        return {_key(key): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    raise ValueError(f"a value of type {type(value).__name__} cannot be stored")


def _finite(number: float) -> float:
    if math.isfinite(number):
        return number
    raise ValueError("a number is not finite")


def _key(key: object) -> str:
    """Name a key as JSON would: YAML also has numbers, booleans and null there."""
    if isinstance(key, str):
        return clean_text(key)
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return str(key)
