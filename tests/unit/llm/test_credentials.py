"""Credential forms and how secrets are shown (console-api.md section 10)."""

from __future__ import annotations

import pytest

from server.kit.errors import AppError
from server.llm.forms import COMPATIBLE_FORM, checked_form, secret_names
from server.provider.model import model_type_of, obfuscated


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("sk-abcdefghijklmnop", "sk-abc************op"),
        ("123456789", "123456************89"),
        ("12345678", "*" * 20),
        ("", "*" * 20),
    ],
)
def test_secret_is_shown_obfuscated(secret: str, shown: str) -> None:
    assert obfuscated(secret) == shown


def test_form_takes_known_fields_of_the_type_and_fills_defaults() -> None:
    given = {"endpoint_url": " http://x/v1 ", "context_size": 8192.0, "max_chunks": "3", "junk": "x"}
    filled = checked_form(COMPATIBLE_FORM, given, "llm")
    assert filled["endpoint_url"] == "http://x/v1"
    assert filled["context_size"] == "8192"
    assert filled["mode"] == "chat"
    assert "junk" not in filled and "max_chunks" not in filled
    assert secret_names(COMPATIBLE_FORM) == {"api_key"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "endpoint_url"),
        ({"endpoint_url": {}}, "endpoint_url"),
        ({"endpoint_url": "http://x", "mode": "song"}, "mode"),
    ],
)
def test_bad_form_names_the_field(given: dict, field: str) -> None:
    with pytest.raises(AppError) as caught:
        checked_form(COMPATIBLE_FORM, given, "llm")
    assert field in str(caught.value)


def test_model_types_have_aliases_and_others_are_refused() -> None:
    assert model_type_of("embeddings") == "text-embedding"
    assert model_type_of("text-generation") == "llm"
    with pytest.raises(AppError) as caught:
        model_type_of("zzz")
    assert str(caught.value) == "invalid origin model type zzz"
