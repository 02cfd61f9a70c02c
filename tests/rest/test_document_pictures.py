"""Pictures in documents through the product: shown by links in segments, gone with their document."""

from __future__ import annotations

import json
import re
from io import BytesIO

import httpx
import pytest
from docx import Document
from PIL import Image

from tests.harness.stores import wait_until
from tests.rest.knowledge import LINES, Knowledge

_LINK = re.compile(r"!\[image\]\((http[^)]+)\)")


@pytest.fixture(scope="module")
def knowledge(indexed: Knowledge) -> Knowledge:
    return indexed


def word(*colours: str) -> bytes:
    document = Document()
    for colour in colours:
        document.add_paragraph(f"A {colour} square:").add_run().add_picture(square(colour))
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def square(colour: str) -> BytesIO:
    out = BytesIO()
    Image.new("RGB", (64, 64), colour).save(out, "PNG")
    return BytesIO(out.getvalue())


def send(knowledge: Knowledge, path: str, content: bytes) -> str:
    """Create or update a document from a Word file; its id once it is indexed."""
    rule = {**LINES, "rules": {**LINES["rules"], "segmentation": {"separator": "\n", "max_tokens": 500}}}
    reply = knowledge.http.post(
        f"/v1{path}", data={"data": json.dumps({"process_rule": rule})}, files={"file": ("squares.docx", content)}
    )
    assert reply.is_success, reply.text
    (state,) = knowledge.wait_indexed(path.split("/")[2], reply.json()["batch"])
    assert state["indexing_status"] == "completed", state
    return str(reply.json()["document"]["id"])


def links(knowledge: Knowledge, dataset_id: str, document_id: str) -> list[str]:
    contents = [one["sign_content"] for one in knowledge.segments(dataset_id, document_id)]
    return [_LINK.search(content)[1] for content in contents]  # type: ignore[index]


def test_picture_is_shown_by_a_link_in_its_segment_and_goes_with_the_document(knowledge: Knowledge) -> None:
    dataset_id = knowledge.economy()
    document_id = send(knowledge, f"/datasets/{dataset_id}/document/create-by-file", word("red", "blue"))
    red, blue = links(knowledge, dataset_id, document_id)
    reply = httpx.get(red)
    assert (reply.status_code, reply.headers["content-type"], reply.content) == (200, "image/png", square("red").getvalue())
    path = f"/datasets/{dataset_id}/documents/{document_id}"
    send(knowledge, f"{path}/update-by-file", word("blue", "green"))
    wait_until(lambda: httpx.get(red).status_code == 404, "what is in the new version no more is gone", every=0.05)
    assert httpx.get(blue).content == square("blue").getvalue()
    (first, green) = links(knowledge, dataset_id, document_id)
    assert first.partition("?")[0] == blue.partition("?")[0]
    knowledge.ok("DELETE", path)
    wait_until(
        lambda: {httpx.get(link).status_code for link in (blue, green)} == {404}, "the rest went too", every=0.05
    )


def test_pictures_go_with_their_dataset(knowledge: Knowledge) -> None:
    dataset_id = knowledge.economy()
    document_id = send(knowledge, f"/datasets/{dataset_id}/document/create-by-file", word("red"))
    (red,) = links(knowledge, dataset_id, document_id)
    assert httpx.get(red).status_code == 200
    knowledge.ok("DELETE", f"/datasets/{dataset_id}")
    wait_until(lambda: httpx.get(red).status_code == 404, "it is gone", every=0.05)
