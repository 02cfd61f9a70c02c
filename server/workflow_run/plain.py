"""Values of variables as JSON text: for events, for rows, for callers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import orjson

from server.engine.values import File
from server.kit.plain import clean_text
from transom.common.v1.common_pb2 import Json

_NUL = b"\\u0000"
EMPTY = Json(text="{}")


def file_object(file: File) -> dict[str, Any]:
    """A file as callers see it (sse-events.md 8.3)."""
    local = file.transfer_method != "remote_url"
    return {
        "dify_model_identity": "__dify__file__", "id": None, "related_id": file.id or None, "type": file.type,
        "filename": file.name or None, "extension": file.extension or None, "mime_type": file.mime_type or None,
        "size": file.size, "transfer_method": file.transfer_method, "url": file.url or file.remote_url or None,
        "upload_file_id": (file.id or None) if local else None, "remote_url": file.remote_url or None,
    }


def dump(value: Any) -> str:
    """A value as JSON text that can be stored: files as objects, other foreign things as their text."""
    try:
        # orjson would print the fields of a file that is a dataclass.
        data = orjson.dumps(value, default=_known, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS)
        if _NUL not in data:
            return data.decode()
    except (TypeError, RecursionError):
        pass
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def as_json(value: Any) -> Json:
    """The same as a message."""
    return Json(text=dump(value))


def _known(value: Any) -> Any:
    if isinstance(value, File):
        return file_object(value)
    return dict(value) if isinstance(value, Mapping) else str(value)


def _plain(value: Any) -> Any:
    """What ``orjson`` refuses, digit by digit: large numbers stay whole, broken text loses what no text may hold."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, File):
        return _plain(file_object(value))
    if isinstance(value, Mapping):
        return {clean_text(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return clean_text(str(value))
