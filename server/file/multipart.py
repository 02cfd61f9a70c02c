"""Reads a multipart upload as it arrives: one file and some form fields (service-api.md 9.1).

Only what is needed is kept: the file goes straight to its draft. What is wrong with the head of
the file part is told at the end, since "more than one file" comes before it in the documented
order; a file that is too large is refused on the spot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from server.file.model import FileHead
from server.kit.errors import AppError, Reason, bad_request

_LONGEST_FIELD = 64 * 1024
_FIELDS = ("user",)
_LONGEST_REST = 16 * 1024 * 1024
_MOST_PARTS = 100
_MALFORMED = "The upload is not valid multipart/form-data, or it ended too early."


@dataclass(frozen=True, slots=True)
class Received:
    """A file that arrived whole, and the form fields that came with it."""

    head: FileHead
    size: int
    hash: str
    fields: Mapping[str, str]

    @property
    def user(self) -> str:
        """The form field ``user``, "" when it was not sent."""
        return self.fields.get("user", "")


class Rules(Protocol):
    """What is accepted."""

    def head(self, filename: str, content_type: str) -> FileHead:
        """Check the head of the file part. Raises AppError."""
        ...

    def size_of(self, extension: str) -> int:
        """Most bytes of a file with that extension."""
        ...


def boundary_of(content_type: str) -> bytes | None:
    """The boundary of a multipart body; None when the content type is another one."""
    kind, options = parse_options_header(content_type)
    return options.get(b"boundary") or None if kind == b"multipart/form-data" else None


class UploadReader:
    """A push parser: ``feed`` what arrives, then ``finish`` or ``finish_without_file``. All raise AppError.

    ``fields`` are the form fields to keep; the first of each name counts.
    """

    def __init__(
        self, boundary: bytes, rules: Rules, write: Callable[[bytes], None], fields: Collection[str] = _FIELDS
    ) -> None:
        self._rules = rules
        self._wanted = frozenset(fields)
        self._write = write
        self._hash = hashlib.sha256()
        self._size = self._rest = self._parts = self._files = 0
        self._most = 0
        self._head: FileHead | None = None
        self._head_error: AppError | None = None
        self._fields: dict[str, bytearray] = {}
        self._field = ""
        self._is_begun = self._is_ended = False
        self._headers: dict[str, str] = {}
        self._name, self._value = bytearray(), bytearray()
        self._take: Callable[[bytes], None] = self._skip
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin, "on_part_data": self._on_part_data,
                    "on_header_field": self._on_header_field, "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end, "on_headers_finished": self._on_headers_finished,
                    "on_end": self._on_end,
                },
                max_header_size=16 * 1024,
            )
        except FormParserError:
            raise bad_request(_MALFORMED) from None

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        self._is_begun = self._is_begun or bool(data)
        try:
            self._parser.write(data)
        except FormParserError:
            raise bad_request(_MALFORMED) from None

    def finish(self) -> Received:
        """The body is over: what it held."""
        self._check_ended()
        if self._head is None and self._head_error is None:
            raise AppError(Reason.NO_FILE_UPLOADED)
        if self._files > 1:
            raise AppError(Reason.TOO_MANY_FILES)
        if self._head is None:
            assert self._head_error is not None
            raise self._head_error
        return Received(self._head, self._size, self._hash.hexdigest(), self.fields())

    @property
    def has_file(self) -> bool:
        """A part that claims to be a file came."""
        return self._files > 0

    def finish_without_file(self) -> Mapping[str, str]:
        """The body is over and held no file: its form fields."""
        self._check_ended()
        return self.fields()

    def fields(self) -> Mapping[str, str]:
        """The form fields so far."""
        return {name: bytes(value).decode("utf-8", "replace") for name, value in self._fields.items()}

    def _check_ended(self) -> None:
        if self._is_begun and not self._is_ended:
            raise bad_request(_MALFORMED)

    # Callbacks of the parser

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise bad_request(_MALFORMED)
        self._headers = {}
        self._take = self._skip

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._name.clear()
        self._value.clear()

    def _on_headers_finished(self) -> None:
        disposition = self._headers.get("content-disposition", "")
        _, options = parse_options_header(disposition)
        field, filename = options.get(b"name", b""), _filename(disposition, options)
        if filename is not None:
            self._files += 1
            if field == b"file":
                self._begin_file(filename)
        elif (name := field.decode("latin-1")) in self._wanted and name not in self._fields:
            self._field, self._fields[name] = name, bytearray()
            self._take = self._take_field

    def _begin_file(self, filename: str) -> None:
        if self._head is not None or self._head_error is not None:
            raise AppError(Reason.TOO_MANY_FILES)
        try:
            self._head = self._rules.head(filename, self._headers.get("content-type", ""))
        except AppError as error:
            self._head_error = error
            return
        self._most = self._rules.size_of(self._head.extension)
        self._take = self._take_file

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._take(data[start:end])

    def _on_end(self) -> None:
        self._is_ended = True

    def _take_file(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._most:
            raise AppError(Reason.FILE_TOO_LARGE)
        self._hash.update(data)
        self._write(data)

    def _take_field(self, data: bytes) -> None:
        value = self._fields[self._field]
        value += data
        if len(value) > _LONGEST_FIELD:
            raise AppError(Reason.INVALID_PARAM, f"Arg {self._field} must be shorter.")

    def _skip(self, data: bytes) -> None:
        self._rest += len(data)
        if self._rest > _LONGEST_REST:
            raise AppError(Reason.FILE_TOO_LARGE)


def _filename(disposition: str, options: dict[bytes, bytes]) -> str | None:
    """The name of a file part, None for a form field. Old clients send only ``filename*`` (RFC 2231)."""
    plain = options.get(b"filename")
    if plain is not None:
        try:
            return plain.decode("utf-8")
        except UnicodeDecodeError:
            return plain.decode("latin-1")
    if "filename*" not in disposition.lower():
        return None
    header = Message()
    header["content-disposition"] = disposition
    return header.get_filename()
