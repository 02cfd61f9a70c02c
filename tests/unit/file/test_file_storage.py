"""The directory store: whole files or none."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from server.file.storage import LocalStorage


def test_draft_is_readable_only_when_published(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    draft = storage.begin()
    draft.write(b"ab")
    with pytest.raises(FileNotFoundError):
        storage.open("t/k")
    draft.write(b"c")
    draft.publish("t/k")
    with storage.open("t/k") as file:
        assert file.read() == b"abc"
    draft.discard()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["k"]


def test_draft_discarded_leaves_nothing_and_takes_nothing_more(tmp_path: Path) -> None:
    draft = LocalStorage(tmp_path).begin()
    draft.write(b"ab")
    draft.discard()
    draft.discard()
    draft.write(b"c")
    with pytest.raises(FileNotFoundError):
        draft.publish("t/k")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_delete_twice_is_fine(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    draft = storage.begin()
    draft.publish("t/k")
    for _ in range(2):
        storage.delete("t/k")
    with pytest.raises(FileNotFoundError):
        storage.open("t/k")


def test_drafts_of_dead_processes_are_removed_on_the_first_upload(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    stale, fresh = tmp_path / ".drafts" / "stale", tmp_path / ".drafts" / "fresh"
    stale.parent.mkdir()
    for path in (stale, fresh):
        path.touch()
    day_ago = time.time() - 25 * 3600
    os.utime(stale, (day_ago, day_ago))
    storage.begin().discard()
    assert list(stale.parent.iterdir()) == [fresh]
