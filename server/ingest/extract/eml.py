"""E-mail messages: the subject and the body, plain text before HTML."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from email.message import MIMEPart
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
    body = message.get_body(preferencelist=("plain", "html"))
    content = _content(body) if body is not None else ""
    is_html = body is not None and body.get_content_subtype() == "html"
    return message_parts(str(message["subject"] or ""), html=content if is_html else "", plain=content)


def message_parts(subject: str, *, html: str, plain: str) -> Iterator[Part]:
    """Parts of a message with that subject; ``plain`` counts when there is no ``html``."""
    subject = " ".join(subject.split())
    texts = blocks(html) if html else ((False, text.strip()) for text in _GAP.split(plain.replace("\r\n", "\n")))
    elements = [(True, subject), *texts]
    return by_title((element for element in elements if element[1]), metadata={"subject": subject} if subject else None)


def _content(body: MIMEPart) -> str:
    payload = body.get_payload(decode=True)
    return decode(payload, str(body.get_content_charset() or "")) if isinstance(payload, bytes) else ""
