"""Stored metadata as the message that events carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import ParseDict

from server.llm import port, pricing
from transom.common.v1.common_pb2 import AnswerMetadata, Usage

_NOTHING = pricing.usage_dict(port.Usage(), None)


def to_metadata(stored: Mapping[str, Any]) -> AnswerMetadata:
    """``{annotation_reply, retriever_resources, usage}`` as a message; a usage that is not known is nothing."""
    metadata = AnswerMetadata(usage=Usage(**(stored.get("usage") or _NOTHING)))
    rest = {name: stored[name] for name in ("annotation_reply", "retriever_resources") if stored.get(name)}
    if rest:
        ParseDict(rest, metadata, ignore_unknown_fields=True)
    return metadata
