"""File objects in requests: their form, the app's upload rules, and what a model may see.

service-api.md 9.2 and 9.4, feature-semantics.md 3.7. Nothing here reads a file or a row: the
caller looks up ``needed_upload_ids`` in one query, probes ``needed_urls``, and calls ``resolve``.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal, cast
from urllib.parse import unquote, urlsplit

from server.chat.inputs import FILE_KINDS, InputField
from server.kit.errors import AppError, invalid_param
from server.kit.ids import canonical, is_uuid

FileKind = Literal["image", "document", "audio", "video", "custom"]
Method = Literal["local_file", "remote_url"]
Detail = Literal["low", "high"]

_KINDS = ("image", "document", "audio", "video", "custom")
_METHODS = ("local_file", "remote_url")
_DEFAULT_IMAGES = 3

_EXTENSIONS: Mapping[FileKind, str] = {
    "image": "jpg jpeg png webp gif svg",
    "video": "mp4 mov mpeg webm",
    "audio": "mp3 m4a wav amr mpga",
    "document": "txt markdown md mdx pdf html htm xlsx xls docx csv vtt properties doc eml msg ppt pptx xml epub",
}
_KIND_OF_EXTENSION: Mapping[str, FileKind] = {
    extension: kind for kind, names in _EXTENSIONS.items() for extension in names.split()
}
_FEATURE_OF_KIND: Mapping[str, str] = {"image": "vision", "audio": "audio", "video": "video", "document": "document"}


@dataclass(frozen=True, slots=True)
class FileRule:
    """What an app or a file variable accepts; an empty set means no restriction.

    ``images`` and ``count`` are the highest numbers allowed, 0 for no limit.
    """

    kinds: frozenset[str] = frozenset()
    extensions: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    images: int = 0
    count: int = 0
    detail: Detail = "high"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file object of a request whose form is in order. ``upload_id`` or ``url`` is set."""

    declared: FileKind
    method: Method
    upload_id: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """What is stored about an uploaded file. ``extension`` has no dot, ``size`` is in bytes."""

    id: str
    name: str
    extension: str
    mime_type: str
    size: int


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """What a probe found out about a URL; ``size`` -1 when unknown."""

    url: str
    name: str
    mime_type: str
    size: int = -1


@dataclass(frozen=True, slots=True)
class ResolvedFile:
    """A checked file of a turn. ``extension`` has its dot, ``size`` -1 when unknown."""

    kind: FileKind
    method: Method
    name: str
    extension: str
    mime_type: str
    size: int
    upload_id: str = ""
    url: str = ""
    detail: Detail = "high"

    def as_input(self) -> dict[str, Any]:
        """The value stored in ``inputs`` for a file variable (sse-events.md section 8)."""
        return {
            "related_id": self.upload_id or None,
            "type": self.kind,
            "filename": self.name,
            "extension": self.extension,
            "mime_type": self.mime_type,
            "size": self.size,
            "transfer_method": self.method,
            "url": self.url or None,
            "upload_file_id": self.upload_id or None,
            "remote_url": self.url or None,
        }


def rule_of(config: object) -> FileRule | None:
    """Read a ``file_upload`` feature; None when uploads are off.

    Only the top-level switch counts: the old ``image.enabled`` alone is off.
    """
    if not isinstance(config, Mapping) or config.get("enabled") is not True:
        return None
    limit = config.get("number_limits")
    count = limit if isinstance(limit, int) and limit > 0 else 0
    image = config.get("image")
    detail = image.get("detail") if isinstance(image, Mapping) else None
    return FileRule(
        kinds=_names(config.get("allowed_file_types")),
        extensions=_extensions(config.get("allowed_file_extensions")),
        methods=_names(config.get("allowed_file_upload_methods")),
        images=count or _DEFAULT_IMAGES,
        count=count,
        detail="low" if detail == "low" else "high",
    )


def rule_of_field(field: InputField) -> FileRule:
    """What a ``file`` or ``file-list`` variable accepts; its count is checked with the inputs."""
    return FileRule(
        kinds=frozenset(field.file_types),
        extensions=_extensions(field.file_extensions),
        methods=frozenset(field.file_methods),
    )


def parse_files(files: object, rule: FileRule | None) -> tuple[FileEntry, ...]:
    """Read the ``files`` of a request. Without a rule (feature off) they are ignored.

    Entries without a transfer method, and remote ones without a URL, are dropped.
    """
    if rule is None or not files:
        return ()
    if not isinstance(files, (list, tuple)) or not all(isinstance(item, Mapping) for item in files):
        raise invalid_param("files must be a list of file objects")
    return tuple(parse_file(item) for item in files if _is_complete(item))


def parse_file(item: Mapping[str, Any]) -> FileEntry:
    """Read one file object, as of a single file input. Raises invalid_param."""
    method = item.get("transfer_method")
    if not method:
        raise invalid_param("transfer_method is required in file mapping")
    if method not in _METHODS:
        raise invalid_param("transfer_method in file mapping must be local_file or remote_url")
    if (item.get("type") or "custom") not in _KINDS:
        raise invalid_param(f"type in file mapping must be one of {', '.join(_KINDS)}")
    declared = cast("FileKind", item.get("type") or "custom")
    if method == "remote_url":
        return FileEntry(declared, "remote_url", url=_checked_url(item.get("url") or item.get("remote_url")))
    return FileEntry(declared, "local_file", upload_id=_checked_id(item.get("upload_file_id")))


def parse_inputs(form: Sequence[InputField], inputs: Mapping[str, Any]) -> dict[str, tuple[FileEntry, ...]]:
    """Read the file variables of checked inputs: variable -> its files."""
    return {
        field.variable: _entries_of(field, inputs[field.variable])
        for field in form
        if field.kind in FILE_KINDS and inputs.get(field.variable)
    }


def needed_upload_ids(entries: Iterable[FileEntry]) -> list[str]:
    """The upload ids to look up, each once, in order."""
    return list(dict.fromkeys(entry.upload_id for entry in entries if entry.upload_id))


def needed_urls(entries: Iterable[FileEntry]) -> list[str]:
    """The remote addresses that may be probed for name, type and size."""
    return list(dict.fromkeys(entry.url for entry in entries if entry.url))


def resolve(
    entries: Sequence[FileEntry],
    uploads: Mapping[str, Upload],
    rule: FileRule | None = None,
    *,
    remotes: Mapping[str, RemoteFile] | None = None,
    strict: bool = False,
) -> tuple[ResolvedFile, ...]:
    """Turn entries into files and apply ``rule``.

    ``uploads`` holds the rows that this caller may use, by id: a missing one is an
    "Invalid upload file". ``strict`` compares the declared type with the found one (workflow
    runs). Raises invalid_param.
    """
    files = tuple(_resolve(entry, uploads, remotes or {}, rule, strict=strict) for entry in entries)
    if rule is not None:
        _check_counts(files, rule)
    return files


def resolve_inputs(
    form: Sequence[InputField],
    entries: Mapping[str, Sequence[FileEntry]],
    uploads: Mapping[str, Upload],
    *,
    remotes: Mapping[str, RemoteFile] | None = None,
    strict: bool = False,
) -> dict[str, tuple[ResolvedFile, ...]]:
    """Resolve what ``parse_inputs`` read, each variable by its own rule."""
    return {
        field.variable: resolve(entries[field.variable], uploads, rule_of_field(field), remotes=remotes, strict=strict)
        for field in form
        if field.variable in entries
    }


def kind_of(extension: str, mime_type: str = "") -> FileKind:
    """The class of a file by its extension, else by its MIME type (service-api.md 9.2)."""
    found = _KIND_OF_EXTENSION.get(extension.lower().removeprefix("."))
    if found:
        return found
    family = mime_type.partition("/")[0]
    return cast("FileKind", family) if family in {"image", "audio", "video"} else "custom"


def sendable(files: Iterable[ResolvedFile], features: Collection[str]) -> tuple[ResolvedFile, ...]:
    """The files that a model with these features can be shown; the others are omitted."""
    return tuple(file for file in files if _FEATURE_OF_KIND.get(file.kind) in features)


def guess_remote(url: str) -> RemoteFile:
    """Name and type of a remote file as far as its address tells them."""
    name = unquote(PurePosixPath(urlsplit(url).path).name) or "file"
    return RemoteFile(url, name, mimetypes.guess_type(name)[0] or "application/octet-stream")


def _is_complete(item: Mapping[str, Any]) -> bool:
    method = item.get("transfer_method")
    return bool(method) and (method != "remote_url" or bool(item.get("url") or item.get("remote_url")))


def _entries_of(field: InputField, value: Any) -> tuple[FileEntry, ...]:
    if field.kind == "file":
        return (parse_file(value),)
    return tuple(parse_file(item) for item in value if _is_complete(item))


def _checked_id(value: object) -> str:
    if not value:
        raise invalid_param("Invalid upload file id")
    if not is_uuid(str(value)):
        raise invalid_param("Invalid upload file id format")
    return canonical(str(value))


def _checked_url(value: object) -> str:
    if not isinstance(value, str):
        raise invalid_param("Invalid file url")
    try:
        parts = urlsplit(value.strip())
    except ValueError:
        raise invalid_param("Invalid file url") from None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise invalid_param("Invalid file url")
    return value.strip()


def _resolve(
    entry: FileEntry,
    uploads: Mapping[str, Upload],
    remotes: Mapping[str, RemoteFile],
    rule: FileRule | None,
    *,
    strict: bool,
) -> ResolvedFile:
    name, extension, mime_type, size = _facts(entry, uploads, remotes)
    found = kind_of(extension, mime_type)
    if strict and entry.declared not in {found, "custom"}:
        raise invalid_param("Detected file type does not match the specified type. Please verify the file.")
    if rule is not None and not _is_allowed(entry, extension, rule):
        raise invalid_param(f"File validation failed for file: {name}")
    return ResolvedFile(
        kind=found if entry.declared == "custom" else entry.declared,
        method=entry.method,
        name=name,
        extension=extension,
        mime_type=mime_type,
        size=size,
        upload_id=entry.upload_id,
        url=entry.url,
        detail=rule.detail if rule else "high",
    )


def _facts(
    entry: FileEntry, uploads: Mapping[str, Upload], remotes: Mapping[str, RemoteFile]
) -> tuple[str, str, str, int]:
    """Name, extension with dot, MIME type and size of an entry."""
    if entry.method == "remote_url":
        remote = remotes.get(entry.url) or guess_remote(entry.url)
        return remote.name, PurePosixPath(remote.name).suffix.lower(), remote.mime_type, remote.size
    upload = uploads.get(entry.upload_id)
    if upload is None:
        raise _invalid_upload()
    extension = f".{upload.extension.lower()}" if upload.extension else ""
    return upload.name, extension, upload.mime_type, upload.size


def _invalid_upload() -> AppError:
    """The same answer for an unknown file and for one that belongs to someone else."""
    return invalid_param("Invalid upload file")


def _is_allowed(entry: FileEntry, extension: str, rule: FileRule) -> bool:
    if rule.methods and entry.method not in rule.methods:
        return False
    if entry.declared != "custom" and (not rule.kinds or entry.declared in rule.kinds):
        return True
    if rule.kinds and "custom" not in rule.kinds:
        return False
    return extension.removeprefix(".") in rule.extensions or not (rule.kinds or rule.extensions)


def _check_counts(files: Sequence[ResolvedFile], rule: FileRule) -> None:
    images = sum(1 for file in files if file.kind == "image")
    if rule.images and images > rule.images:
        raise invalid_param(f"Number of image files exceeds the maximum limit {rule.images}")
    if rule.count and len(files) > rule.count:
        raise invalid_param(f"Number of files exceeds the maximum limit {rule.count}")


def _names(value: object) -> frozenset[str]:
    items = value if isinstance(value, (list, tuple)) else ()
    return frozenset(item for item in items if isinstance(item, str))


def _extensions(value: object) -> frozenset[str]:
    return frozenset(name.lower().removeprefix(".") for name in _names(value))
