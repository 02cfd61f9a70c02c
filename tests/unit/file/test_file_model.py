"""Rules of names, types and sizes."""

from __future__ import annotations

import pytest

from server.file.model import Limits, file_head


@pytest.mark.parametrize(
    ("extension", "mebibytes"),
    [("png", 10), ("SVG", 10), ("mp4", 100), ("wav", 50), ("pdf", 15), ("exe", 15), ("", 15), ("jpgx", 15)],
)
def test_limit_is_by_extension(extension: str, mebibytes: int) -> None:
    assert Limits().size_of(extension) == mebibytes * 1024 * 1024


def test_name_with_an_endless_extension_stays_short() -> None:
    head = file_head("a." + "x" * 5000, "a/b", Limits())
    assert (len(head.name), len(head.extension)) == (52, 50)
