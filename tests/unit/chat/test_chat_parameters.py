"""The body of GET /v1/parameters, byte for byte as recorded (service-api.md 10.2)."""

from __future__ import annotations

import json
from typing import Any

from server.chat.parameters import UploadLimits, graph_parameters, parameters

SYSTEM = (
    '"system_parameters":{"image_file_size_limit":10,"video_file_size_limit":100,"audio_file_size_limit":50,'
    '"file_size_limit":15,"workflow_file_upload_limit":10}}'
)
CHAT = (
    '{"opening_statement":"Hello there","suggested_questions":["What is x?"],'
    '"suggested_questions_after_answer":{"enabled":false},"speech_to_text":{"enabled":false},'
    '"text_to_speech":{"enabled":false,"language":"","voice":""},"retriever_resource":{"enabled":true},'
    '"annotation_reply":{"enabled":false},"more_like_this":{"enabled":false},"user_input_form":[{"text-input":'
    '{"default":"","label":"topic","max_length":48,"required":false,"variable":"topic"}}],'
    '"sensitive_word_avoidance":{"configs":[],"enabled":false,"type":""},"file_upload":{"image":{"detail":"high",'
    '"enabled":false,"number_limits":3,"transfer_methods":["remote_url","local_file"]}},' + SYSTEM
)
WORKFLOW = (
    '{"opening_statement":"","suggested_questions":[],"suggested_questions_after_answer":{"enabled":false},'
    '"speech_to_text":{"enabled":false},"text_to_speech":{"enabled":false,"language":"","voice":""},'
    '"retriever_resource":{"enabled":true},"annotation_reply":{"enabled":false},"more_like_this":{"enabled":false},'
    '"user_input_form":[{"text-input":{"label":"name","max_length":256,"options":[],"required":true,'
    '"type":"text-input","variable":"name"}}],"sensitive_word_avoidance":{"enabled":false},"file_upload":'
    '{"allowed_file_types":["image"],"allowed_file_upload_methods":["local_file","remote_url"],"enabled":false,'
    '"number_limits":3},' + SYSTEM
)
LIMITS = UploadLimits()


def text(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def without(body: str, *keys: str) -> dict[str, Any]:
    return {key: value for key, value in json.loads(body).items() if key not in keys}


def test_parameters_of_a_chat_app_are_the_recorded_bytes() -> None:
    document = dict(sorted(without(CHAT, "system_parameters").items()))
    assert text(parameters(document, LIMITS)) == CHAT


def test_parameters_of_a_workflow_are_the_recorded_bytes() -> None:
    features = dict(sorted(without(WORKFLOW, "system_parameters", "user_input_form", "annotation_reply").items()))
    (control,) = json.loads(WORKFLOW)["user_input_form"]
    assert text(graph_parameters(features, [control["text-input"]], LIMITS)) == WORKFLOW


def test_parameters_of_an_empty_document_are_the_documented_defaults() -> None:
    body = parameters({}, LIMITS)
    assert body["opening_statement"] is None
    assert body["suggested_questions"] == body["user_input_form"] == []
    assert body["text_to_speech"] == {"enabled": False}
    assert body["retriever_resource"] == {"enabled": True}
    assert body["sensitive_word_avoidance"] == {"enabled": False, "type": "", "configs": []}
    assert body["file_upload"]["image"]["transfer_methods"] == ["remote_url", "local_file"]
    assert graph_parameters({"retriever_resource": None}, [], LIMITS)["retriever_resource"] == {"enabled": False}


def test_upload_settings_are_shown_as_stored() -> None:
    upload = {"enabled": True, "allowed_file_types": ["image"], "number_limits": 2, "fileUploadConfig": {"x": 1}}
    assert parameters({"file_upload": upload}, LIMITS)["file_upload"] == upload


def test_annotation_setting_of_the_app_is_shown() -> None:
    setting = {"id": "i", "enabled": True, "score_threshold": 0.9}
    assert parameters({"annotation_reply": {"enabled": True}}, LIMITS)["annotation_reply"] == {"enabled": False}
    assert parameters({}, LIMITS, setting)["annotation_reply"] == setting


def test_limits_of_the_server_are_shown() -> None:
    system = parameters({}, UploadLimits(image=1, video=2, audio=3, file=4, workflow_files=5))["system_parameters"]
    assert list(system.values()) == [1, 2, 3, 4, 5]
