"""`transom dataset`: a folder becomes a dataset that is searched, on a running product."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from tests.cli.conftest import Instance


def _found(transom: Instance, name: str, query: str) -> str:
    return transom.ok("dataset", "search", name, query)


def test_push_of_a_folder_names_documents_as_their_files_are_and_says_which_failed(
    transom: Instance, tmp_path: Path
) -> None:
    name = f"pushed {uuid.uuid4().hex[:8]}"
    (tmp_path / "deep").mkdir()
    (tmp_path / "sea & ships (1) 100%.txt").write_text("The harbour holds seven ships.", encoding="utf-8")
    (tmp_path / "山.md").write_text("# Mountains\n\nGlaciers cover the summit.", encoding="utf-8")
    (tmp_path / "deep" / 'what: "a" <b>?.txt').write_text("Lanterns light the tunnel.", encoding="utf-8")
    Path(os.fsdecode(os.fsencode(tmp_path / "old ") + b"\xff.txt")).write_text("Windmills grind wheat.", encoding="utf-8")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 garbage")
    (tmp_path / "unknown.bin").write_bytes(b"left out")
    done = transom("dataset", "push", str(tmp_path), "--dataset", name, "--technique", "economy")
    assert done.exit_code == 1, done.output
    assert "5 documents in dataset" in done.stdout
    assert [line.split(":")[1].strip() for line in done.stderr.splitlines()] == ["broken.pdf"]
    assert "sea & ships (1) 100%.txt: The harbour" in _found(transom, name, "harbour ships")
    assert "山.md: Mountains Glaciers" in _found(transom, name, "glaciers summit")
    assert "deep - what_ _a_ _b__.txt: Lanterns" in _found(transom, name, "lanterns tunnel")
    assert "old ?.txt" not in _found(transom, name, "windmills wheat")
    assert "old _.txt: Windmills" in _found(transom, name, "windmills wheat")


def test_push_of_the_same_folder_again_replaces_its_documents(transom: Instance, tmp_path: Path) -> None:
    name = f"again {uuid.uuid4().hex[:8]}"
    file = tmp_path / "price list.csv"
    for text in ("fruit\napples", "fruit\npears"):
        file.write_text(text, encoding="utf-8")
        transom.ok("dataset", "push", str(tmp_path), "--dataset", name, "--technique", "economy")
    (row,) = [line.split() for line in transom.ok("dataset", "list").splitlines() if name in line]
    assert row[-3:] == ["economy", "1", "1"]
    assert "pears" in _found(transom, name, "pears") and not _found(transom, name, "apples")
