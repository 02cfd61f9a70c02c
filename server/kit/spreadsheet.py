"""Texts of users in files that spreadsheets open."""

from __future__ import annotations

# What a spreadsheet takes for a formula, or for the way to one.
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """The text, marked as one where a spreadsheet would compute it."""
    return f"'{text}" if text.startswith(_BEGINS_FORMULA) else text
