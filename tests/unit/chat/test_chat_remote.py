"""What the answer to a HEAD says of a remote file."""

from __future__ import annotations

import pytest

from server.chat.files import RemoteFile
from server.chat.remote import described
from server.kit.outbound import Answer

URL = "https://files.example/d/a%20b.pdf?v=1"


def _answer(**headers: str) -> Answer:
    return Answer(200, [(name.replace("_", "-"), value) for name, value in headers.items()], b"", URL)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, ("a b.pdf", "application/pdf", -1)),
        ({"Content_Type": "text/HTML; charset=utf-8", "Content_Length": "12"}, ("a b.pdf", "text/html", 12)),
        ({"content_type": "application/octet-stream"}, ("a b.pdf", "application/pdf", -1)),
        ({"content_type": "nonsense", "content_length": "many"}, ("a b.pdf", "application/pdf", -1)),
        ({"content_length": "9" * 30}, ("a b.pdf", "application/pdf", -1)),
        ({"content_disposition": 'attachment; filename="c.png"'}, ("c.png", "image/png", -1)),
        ({"content_disposition": "attachment; filename*=UTF-8''%E6%95%B0.csv"}, ("数.csv", "text/csv", -1)),
        ({"content_disposition": r'attachment; filename="..\..\etc\x.txt"'}, ("x.txt", "text/plain", -1)),
        ({"content_disposition": 'inline; filename="../y.txt"'}, ("y.txt", "text/plain", -1)),
        ({"content_disposition": "attachment; filename*=UTF-8''a%00.txt"}, ("a.txt", "text/plain", -1)),
        ({"content_disposition": "inline; filename="}, ("a b.pdf", "application/pdf", -1)),
        ({"content_disposition": "attachment; filename=" + "n" * 900 + ".txt"}, ("n" * 251 + ".txt", "text/plain", -1)),
    ],
)
def test_headers_tell_name_type_and_size(headers: dict[str, str], found: tuple[str, str, int]) -> None:
    assert described(URL, _answer(**headers)) == RemoteFile(URL, *found)
