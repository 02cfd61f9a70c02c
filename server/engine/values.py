"""Values of variables: plain Python values and files (workflow-engine.md 1.2, 1.3).

Nobody changes a value in place once it is a variable's; who wants another one writes another one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Selector = tuple[str, ...]

# What an author may select of a file.
FILE_ATTRIBUTES = frozenset({
    "type", "size", "name", "mime_type", "transfer_method", "url", "extension", "related_id",
})  # fmt: skip
_FILE_MARK, _OBJECT_MARK = "__file__", "__object__"


@dataclass(frozen=True, slots=True)
class File:
    """A file as a value. Its attributes can be selected by the names of workflow-engine.md 1.2.

    ``id`` is the uploaded or produced file in our store, empty for a remote one, which has a ``remote_url``.
    """

    type: str
    transfer_method: str
    name: str = ""
    extension: str = ""
    mime_type: str = ""
    size: int = -1
    id: str = ""
    remote_url: str = ""
    url: str = ""
    belongs_to: str = "user"
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def related_id(self) -> str:
        """The id under its selectable name."""
        return self.id


def type_of(value: Any) -> str:  # noqa: PLR0911 - one return a type
    """The type of a value; numbers are ``integer`` or ``float``."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "float"
    if isinstance(value, File):
        return "file"
    if isinstance(value, Mapping):
        return "object"
    return _type_of_list(value) if isinstance(value, (list, tuple)) else "object"


def _type_of_list(items: Sequence[Any]) -> str:
    kinds = {exposed(type_of(item)) for item in items}
    kind = kinds.pop() if len(kinds) == 1 else "any"
    return f"array[{kind}]" if kind in _ELEMENTS else "array[any]"


_ELEMENTS = frozenset({"string", "number", "object", "boolean", "file"})


def exposed(kind: str) -> str:
    """A type as callers see it: integers and floats are numbers."""
    return "number" if kind in {"integer", "float"} else kind


def text(value: Any) -> str:
    """A value in the text form of workflow-engine.md 1.3."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, File):
        return ""
    if isinstance(value, Mapping):
        return dump(value)
    if isinstance(value, (list, tuple)):
        return _list_text(value)
    return str(value)


def _list_text(items: Sequence[Any]) -> str:
    kind = _type_of_list(items)
    if not items or kind == "array[file]":
        return ""
    return dump(items) if kind == "array[string]" else str(_bare(items))


def markdown(value: Any) -> str:
    """A value in the markdown form of workflow-engine.md 1.3."""
    if isinstance(value, str):
        return value
    if isinstance(value, File):
        return _link(value)
    if isinstance(value, Mapping):
        return dump(value, indent=2)
    if isinstance(value, (list, tuple)):
        if _type_of_list(value) == "array[file]":
            return "\n".join(_link(item) for item in value)
        return "\n".join(f"- {item if isinstance(item, str) else _bare(item)}" for item in value)
    return text(value)


def _link(file: File) -> str:
    address = file.url or file.remote_url
    return f"![{file.name}]({address})" if file.type == "image" else f"[{file.name or address}]({address})"


def dump(value: Any, *, indent: int | None = None) -> str:
    """A value as JSON text with Unicode kept; files are objects."""
    return json.dumps(value, ensure_ascii=False, indent=indent, default=bare)


def bare(value: Any) -> Any:
    """What JSON has no word for: a file as an object of what can be selected of it; anything else as its text."""
    if isinstance(value, File):
        return {name: getattr(value, name) for name in sorted(FILE_ATTRIBUTES)}
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else str(value)


def _bare(value: Any) -> Any:
    """Lists and objects as plain ones, to print their repr."""
    if isinstance(value, (list, tuple)):
        return [_bare(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _bare(item) for key, item in value.items()}
    return bare(value) if isinstance(value, File) else value


def encode(value: Any) -> Any:
    """A value as JSON that ``decode`` turns back, files included."""
    if isinstance(value, File):
        return {_FILE_MARK: asdict(value)}
    if isinstance(value, Mapping):
        written = {key: encode(item) for key, item in value.items()}
        # An object that only looks like a file must not become one.
        return {_OBJECT_MARK: written} if _FILE_MARK in value or _OBJECT_MARK in value else written
    return [encode(item) for item in value] if isinstance(value, (list, tuple)) else value


def decode(value: Any) -> Any:
    """The value that ``encode`` wrote down."""
    if isinstance(value, Mapping):
        if _FILE_MARK in value:
            return File(**value[_FILE_MARK])
        value = value.get(_OBJECT_MARK, value)
        return {key: decode(item) for key, item in value.items()}
    return [decode(item) for item in value] if isinstance(value, list) else value


def files_in(value: Any) -> list[File]:
    """The files that a value is or lists."""
    if isinstance(value, File):
        return [value]
    return [item for item in value if isinstance(item, File)] if isinstance(value, (list, tuple)) else []


_ZEROES: Mapping[str, Any] = {"string": "", "secret": "", "boolean": False, "object": {}}


def zero(kind: str) -> Any:
    """What a variable of a type holds when it is cleared."""
    if kind.startswith("array"):
        return []
    return 0 if exposed(kind) == "number" else _ZEROES.get(kind)
