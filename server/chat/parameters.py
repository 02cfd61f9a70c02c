"""The body of ``GET /v1/parameters`` (service-api.md 10.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.chat.model_config import to_console


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What the server accepts: sizes in MB, and the number of files of one workflow upload."""

    image: int = 10
    video: int = 100
    audio: int = 50
    file: int = 15
    workflow_files: int = 10


def parameters(
    document: Mapping[str, Any], limits: UploadLimits, annotation_reply: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The parameters of a chat, agent or completion app, from its stored document.

    ``annotation_reply`` is the app's own setting, which is not part of the document.
    """
    shown = to_console(document)
    return _body(shown, shown["user_input_form"], limits, annotation_reply)


def graph_parameters(
    features: Mapping[str, Any],
    variables: Sequence[Mapping[str, Any]],
    limits: UploadLimits,
    annotation_reply: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The parameters of a chatflow or workflow, from a version's features and its start variables."""
    switched = {"retriever_resource": {"enabled": False}, **_without_null(features)}
    form = [{str(variable.get("type")): dict(variable)} for variable in variables]
    return _body(to_console(switched), form, limits, annotation_reply)


def _body(
    shown: Mapping[str, Any], form: list[Any], limits: UploadLimits, annotation_reply: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "opening_statement": shown["opening_statement"],
        "suggested_questions": shown["suggested_questions"],
        "suggested_questions_after_answer": shown["suggested_questions_after_answer"],
        "speech_to_text": shown["speech_to_text"],
        "text_to_speech": shown["text_to_speech"],
        "retriever_resource": shown["retriever_resource"],
        "annotation_reply": dict(annotation_reply) if annotation_reply else {"enabled": False},
        "more_like_this": shown["more_like_this"],
        "user_input_form": form,
        # Not its config: visitors of a page would read the words that they are not to use.
        "sensitive_word_avoidance": {
            name: value for name, value in shown["sensitive_word_avoidance"].items() if name != "config"
        },
        "file_upload": shown["file_upload"],
        "system_parameters": {
            "image_file_size_limit": limits.image,
            "video_file_size_limit": limits.video,
            "audio_file_size_limit": limits.audio,
            "file_size_limit": limits.file,
            "workflow_file_upload_limit": limits.workflow_files,
        },
    }


def _without_null(features: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in features.items() if value is not None}
