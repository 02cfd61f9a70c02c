"""The text in documents for workflow nodes (workflow-engine.md 8.18)."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.ingest.document_text import NoTextError, document_text
from tests.ingest import documents

CAPTIONS = """WEBVTT

00:00.000 --> 00:01.000
<v Bob>Hi

00:01.000 --> 00:02.000
<v Bob>there

2
00:00:02.000 --> 00:00:03.000
Silence
"""


def text_of(folder: Path, content: bytes | str, extension: str, mime_type: str = "") -> str:
    path = folder / "stored"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return document_text(path, extension, mime_type)


@pytest.mark.parametrize(("content", "extension", "mime_type", "text"), [
    ("<p>Hi</p>", ".html", "", "<p>Hi</p>"),
    ("# T\r\nx", ".MD", "", "# T\nx"),
    ("print(1)", ".py", "application/octet-stream", "print(1)"),
    ("咖啡".encode("gb18030"), ".txt", "", "咖啡"),
    ('{"b":[1],"a":"ä"}', ".json", "", '{\n  "b": [\n    1\n  ],\n  "a": "ä"\n}'),
    ("b: [1, 2]\na: ä\n", ".yaml", "", "b:\n- 1\n- 2\na: ä\n"),
    ("a,b\n1,x|y\n\n2\n", ".csv", "", "| a | b |\n| --- | --- |\n| 1 | x\\|y |\n| 2 |  |"),
    ("# c\nx = 1\ny : 2\n", ".properties", "", "# c\nx: 1\ny: 2\n"),
    (CAPTIONS, ".vtt", "", 'Bob "Hi there"\n "Silence"'),
    (documents.xlsx({"One": [["Item", "Price"], ["Tea", 3]], "Two": [["x"]]}), ".xlsx", "",
     "| Item | Price |\n| --- | --- |\n| Tea | 3 |\n| x |\n| --- |"),
    ("plain", "", "text/plain; charset=utf-8", "plain"),
    ("a\n1", "", "text/csv", "| a |\n| --- |\n| 1 |"),
], ids=["html", "markdown", "code", "encoding", "json", "yaml", "csv", "properties", "vtt", "xlsx", "mime", "csv mime"])  # fmt: skip
def test_text_is_found(tmp_path, content, extension, mime_type, text) -> None:
    assert text_of(tmp_path, content, extension, mime_type) == text


def test_pages_are_joined(tmp_path) -> None:
    assert text_of(tmp_path, documents.pdf(["one", "two"]), ".pdf").split() == ["one", "two"]


@pytest.mark.parametrize(("content", "extension", "mime_type", "message"), [
    ("x", ".exe", "text/plain", "Unsupported Extension Type: .exe"),
    ("x", "", "application/zip", "Unsupported MIME type: application/zip"),
    ("x", "", "", "Unable to determine file type: MIME type or file extension is missing"),
    ("x", ".doc", "", "UNSTRUCTURED_API_URL must be set"),
    ("no", ".pdf", "", "Failed to extract text from PDF: "),
    ('{"a": [', ".json", "", "Failed to extract text from JSON: "),
])  # fmt: skip
def test_what_cannot_be_read_is_told(tmp_path, content, extension, mime_type, message) -> None:
    with pytest.raises(NoTextError) as caught:
        text_of(tmp_path, content, extension, mime_type)
    assert str(caught.value).startswith(message)
