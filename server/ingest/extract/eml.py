"""E-mail messages: the subject and the body, plain text before HTML."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from email.message import EmailMessage, Message
from email.policy import default
from pathlib import Path

from server.ingest.extract.encoding import decode
from server.ingest.extract.html import blocks
from server.ingest.extract.limits import Limits
from server.ingest.extract.titles import by_title
from server.ingest.part import Part

_GAP = re.compile(r"\n[ \t]*\n+")


def read(path: Path, _: Limits) -> Iterator[Part]:
    """Parts of paragraphs; attachments are not read."""
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    subject = _subject(message)
    elements = [(True, subject), *_body(message)]
    return by_title((element for element in elements if element[1]), metadata={"subject": subject} if subject else None)


def _subject(message: EmailMessage) -> str:
    try:
        return " ".join(str(message["subject"] or "").split())
    except Exception:  # the header parser fails in many ways on broken headers; the body counts
        return ""


def _body(message: EmailMessage) -> Iterator[tuple[bool, str]]:
    for kind in ("text/plain", "text/html"):
        for part in message.walk():
            if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
                text = _content(part).replace("\r\n", "\n")
                return blocks(text) if kind == "text/html" else ((False, piece.strip()) for piece in _GAP.split(text))
    return iter(())


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return decode(payload, str(part.get_content_charset() or "")) if isinstance(payload, bytes) else ""
