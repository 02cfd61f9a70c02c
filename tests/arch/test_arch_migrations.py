"""Migrations form one line: two that were written at the same time would leave one of them out, without a word."""

from __future__ import annotations

import re

from tests.arch.sources import ROOT

FILES = sorted((ROOT / "server/db/migrations/versions").glob("[0-9]*.py"))


def test_migrations_form_one_line() -> None:
    found = [
        tuple(re.findall(r'^(?:down_)?revision = (?:"(\d+)"|None)$', file.read_text(encoding="utf-8"), re.MULTILINE))
        for file in FILES
    ]
    numbers = [f"{number:04}" for number in range(1, len(FILES) + 1)]
    assert [file.name[:4] for file in FILES] == numbers
    assert found == list(zip(numbers, ["", *numbers], strict=False))
