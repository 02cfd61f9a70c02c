"""Reads the body of a request to a webhook: text, JSON, forms and files, at most 10 MiB of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, FormParser, parse_options_header
from python_multipart.multipart import File as Part

from server.engine.nodes.trigger_webhook import WebhookRequestError
from server.file.model import FileHead
from server.kit.errors import AppError, Reason
from server.kit.plain import clean, clean_text

MOST_BYTES = 10 * 1024 * 1024
_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_BYTES = "application/octet-stream"
_CONFIG = {"MAX_MEMORY_FILE_SIZE": 2 * MOST_BYTES}

Check = Callable[[str, str], FileHead]


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a body."""

    head: FileHead
    data: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """A body; files are apart from its value. ``""`` is the name of a body that is a file as a whole."""

    value: Any
    files: Mapping[str, Attached] = field(default_factory=dict)


async def received(pieces: AsyncIterator[bytes]) -> bytes:
    """All of a body. Raises file_too_large."""
    data = bytearray()
    async for piece in pieces:
        data += piece
        if len(data) > MOST_BYTES:
            raise AppError(Reason.FILE_TOO_LARGE)
    return bytes(data)


def parsed(content_type: str, data: bytes, check: Check) -> Body:
    """What a body holds, by its content type; ``check`` says whether a file of a name and type may be kept.

    Raises WebhookRequestError.
    """
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == _MULTIPART:
            return _multipart(content_type, data, check)
        if not data:
            return Body({})
        if kind == _BYTES:
            return Body(None, {"": Attached(check("body.bin", _BYTES), data)})
        if kind == "application/json" or kind.endswith("+json"):
            return Body(clean(orjson.loads(data)))
        if kind == _FORM:
            pairs = parse_qsl(data.decode(errors="replace"), keep_blank_values=True, max_num_fields=1000)
            return Body({name: clean_text(value) for name, value in reversed(pairs)})
        return Body(clean_text(data.decode(errors="replace")))
    except AppError as error:
        raise WebhookRequestError(str(error)) from error
    except (ValueError, RecursionError, FormParserError) as error:
        raise WebhookRequestError(f"Failed to parse the body as {kind or 'text'}") from error


def _multipart(content_type: str, data: bytes, check: Check) -> Body:
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise WebhookRequestError("The boundary of the multipart body is missing")
    fields: dict[str, str] = {}
    files: dict[str, Attached] = {}

    def on_field(one: Field) -> None:
        fields.setdefault(_text(one.field_name), clean_text((one.value or b"").decode(errors="replace")))

    def on_file(one: Part) -> None:
        name, filename = _text(one.field_name), _text(one.file_name)
        one.file_object.seek(0)
        if filename and name not in files:
            files[name] = Attached(check(filename, one.content_type or _BYTES), one.file_object.read())

    parser = FormParser(_MULTIPART, on_field, on_file, boundary=boundary, config=dict(_CONFIG))
    parser.write(data)
    parser.finalize()
    return Body(fields, files)


def _text(name: bytes | None) -> str:
    return clean_text((name or b"").decode(errors="replace"))
