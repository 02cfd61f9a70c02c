"""Signed links."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from urllib.parse import parse_qs, urlsplit

from server.file.links import FileLinks

ID = "0190a6b0-0000-7000-8000-000000000001"
SECRET = "s" * 32


def links(now: float = 1_000_000, secret: str = SECRET) -> FileLinks:
    """Links of 300 s at a fixed time."""
    return FileLinks(secret, "http://h.example/", 300, lambda: now)


def test_link_has_the_documented_form_and_signature() -> None:
    link = links().link(ID)
    assert re.fullmatch(
        rf"http://h\.example/files/{ID}/file-preview\?timestamp=1000000&nonce=[0-9a-f]{{32}}&sign=[\w-]{{43}}%3D", link
    )
    query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    text = f"file-preview|{ID}|1000000|{query['nonce']}"
    wanted = base64.urlsafe_b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()).decode()
    assert query["sign"] == wanted
    assert links().link(ID) != link


def test_link_is_valid_for_its_time_only() -> None:
    query = {name: values[0] for name, values in parse_qs(urlsplit(links().link(ID)).query).items()}
    arguments = (ID, query["timestamp"], query["nonce"], query["sign"])
    valid = {age: links(1_000_000 + age).is_valid(*arguments) for age in (-100, -30, 0, 300, 301)}
    assert valid == {-100: False, -30: True, 0: True, 300: True, 301: False}
    assert not links(secret="other" * 8).is_valid(*arguments)


def test_renewed_text_has_fresh_links_for_ours_and_no_others() -> None:
    old, foreign = links(0).link(ID), links(0, "other" * 8).link(ID)
    text = f"![a]({old}) [b]({foreign}) {ID}/file-preview?timestamp=1"
    renewed = links().renewed(text)
    bare = re.sub(r"timestamp=1000000&nonce=\w+&sign=[\w%-]+", "", renewed)
    assert bare.startswith(f"![a](http://h.example/files/{ID}/file-preview?) [b](")
    assert f"[b]({foreign}) {ID}/file-preview?timestamp=1" in renewed
    assert links().renewed("no link here") == "no link here"
