"""What a draft must satisfy, how secrets are kept, how graphs leave a workspace (app-dsl.md sections 2, 4, 6, 7)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.app import dsl
from server.kit.crypto import Sealer
from server.kit.errors import AppError
from server.kit.ids import new_id
from server.workflow import portable, rules, secrets
from server.workflow.model import content_hash

FILES = Path(__file__).resolve().parents[2] / "fixtures" / "dsl"
TENANT, OTHER = new_id(), new_id()
SEALER = Sealer("a secret of these tests, long enough")


def graph(*kinds: str, **data: Any) -> dict[str, Any]:
    nodes = [{"id": f"n{at}", "type": "custom", "data": {"type": kind, **data}} for at, kind in enumerate(kinds)]
    return {"nodes": nodes, "edges": []}


def refused(check: Any, *arguments: Any) -> str:
    with pytest.raises(AppError) as error:
        check(*arguments)
    assert error.value.reason == "invalid_param"
    return error.value.message or ""


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (None, "graph is required"),
        ([], "graph must be of object type"),
        ({"nodes": {}}, "nodes of the graph must be a list of objects"),
        ({"nodes": [], "edges": ["e"]}, "edges of the graph must be a list of objects"),
        (graph("start", "teleport"), "Node 'n1' (n1): node type 'teleport' is not known."),
        ({"nodes": [{"id": "a", "data": {"type": ["start"]}}]}, "Node 'a' (a): node type '['start']' is not known."),
        (graph("start", "trigger-webhook"), "TRIGGER_START_NODE_CONFLICT"),
        ({"nodes": [{"id": "a", "data": {"x": float("nan")}}]}, "graph is not valid"),
    ],
)
def test_broken_graph_is_refused(broken: Any, said: str) -> None:
    assert said in refused(rules.checked_graph, broken)


def test_notes_odd_outer_types_and_old_names_are_tolerated() -> None:
    odd = graph("start", "variable-assigner", "")
    odd["nodes"].append({"id": "note", "type": "custom-note", "data": {"type": "whatever"}})
    odd["nodes"][1]["type"] = "llm"
    assert rules.checked_graph(odd) == odd


def test_several_triggers_may_coexist_and_are_seen() -> None:
    triggers = rules.checked_graph(graph("trigger-webhook", "trigger-schedule"))
    assert rules.has_trigger(triggers)
    assert not rules.has_trigger(graph("start", "end"))


@pytest.mark.parametrize(
    ("mode", "broken", "said"),
    [
        ("workflow", None, "features is required"),
        ("workflow", {"file_upload": []}, "file_upload must be of object type"),
        ("workflow", {"file_upload": {"allowed_file_types": "image"}}, "allowed_file_types in file_upload"),
        ("workflow", {"file_upload": {"number_limits": -1}}, "number_limits in file_upload"),
        ("workflow", {"text_to_speech": {"enabled": "yes"}}, "enabled in text_to_speech"),
        ("workflow", {"sensitive_word_avoidance": {"enabled": True}}, "sensitive_word_avoidance.type is required"),
        ("advanced-chat", {"retriever_resource": [1]}, "retriever_resource must be of object type"),
        ("advanced-chat", {"opening_statement": 1}, "opening_statement must be of string type"),
        ("advanced-chat", {"suggested_questions": [1]}, "suggested_questions must be a list of strings"),
    ],
)
def test_broken_features_are_refused(mode: str, broken: Any, said: str) -> None:
    assert said in refused(rules.checked_features, broken, mode)


def test_features_are_kept_as_sent_and_those_of_the_mode_get_their_switch() -> None:
    off = {"enabled": False}
    sent = {"retriever_resource": {"enabled": "odd"}, "own": 1, "file_upload": {"image": {"enabled": True}}}
    assert rules.checked_features(sent, "workflow") == {
        **sent, "text_to_speech": off, "sensitive_word_avoidance": off,
    }  # fmt: skip
    assert rules.checked_features({"opening_statement": "Hi"}, "advanced-chat") == {
        "opening_statement": "Hi", "suggested_questions": [],
        **dict.fromkeys((
            "suggested_questions_after_answer", "speech_to_text", "text_to_speech", "retriever_resource",
            "sensitive_word_avoidance",
        ), off),
    }  # fmt: skip


def variable(value: Any, kind: str = "string", **fields: Any) -> dict[str, Any]:
    return {"id": "i", "name": "x", "value_type": kind, "value": value, **fields}


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"value_type": "string", "value": ""}, "missing name"),
        ({"name": "x", "value": ""}, "missing value type"),
        ({"name": "x", "value_type": "string"}, "missing value of variable 'x'"),
        (variable(1), "invalid string value of variable 'x'"),
        (variable("1", "number"), "invalid number value of variable 'x'"),
        (variable(True, "number"), "invalid number value of variable 'x'"),
        (variable(1, "boolean"), "invalid boolean value of variable 'x'"),
        (variable([1], "array[string]"), "invalid array[string] value of variable 'x'"),
        (variable([True], "array[string]"), "invalid array[string] value of variable 'x'"),
        (variable("x", "colour"), "value type 'colour' of variable 'x' is not supported"),
        ({**variable("x"), "value_type": ["string"]}, "value type '['string']' of variable 'x' is not supported"),
        (variable("x" * 205_000), "is larger than"),
    ],
)
def test_broken_variable_is_refused(item: dict[str, Any], said: str) -> None:
    assert said in refused(rules.conversation, [item])
    assert said in refused(rules.environment, [item])


def test_secrets_are_of_the_environment_alone() -> None:
    assert "is not supported" in refused(rules.conversation, [variable("s", "secret")])
    assert rules.environment([variable("", "secret")])[0]["value"] == ""


def test_variables_are_stored_with_id_selector_and_the_shown_type() -> None:
    (made,) = rules.conversation([{"name": "n", "value_type": "integer", "value": 3}])
    assert made == {
        "id": made["id"], "name": "n", "value_type": "number", "value": 3, "description": "",
        "selector": ["conversation", "n"],
    }  # fmt: skip
    assert made["id"]
    assert rules.environment([variable("v")])[0]["selector"] == ["env", "x"]


def test_secrets_are_sealed_shown_as_asterisks_and_kept_by_the_mark() -> None:
    first = secrets.sealed(rules.environment([variable("geheim", "secret"), variable("open", id="j")]), SEALER)
    assert "geheim" not in json.dumps(first)
    assert [item["value"] for item in secrets.opened(first, SEALER)] == ["geheim", "open"]
    assert [item["value"] for item in secrets.masked(first)] == ["*" * 20, "open"]
    for kept in ("[__HIDDEN__]", "*" * 20):
        again = secrets.sealed(rules.environment([variable(kept, "secret", name="renamed")]), SEALER, first)
        assert secrets.opened(again, SEALER)[0] == {**first[0], "name": "renamed", "value": "geheim", "selector": ["env", "renamed"]}
    fresh = secrets.sealed(rules.environment([variable("[__HIDDEN__]", "secret", id="unknown")]), SEALER, first)
    assert secrets.opened(fresh, SEALER)[0]["value"] == "[__HIDDEN__]"


def test_hash_does_not_depend_on_the_order_of_keys_but_on_every_value() -> None:
    assert content_hash({"a": 1, "b": {"c": 1, "d": 2}}, {}) == content_hash({"b": {"d": 2, "c": 1}, "a": 1}, {})
    assert content_hash({"a": 1}, {}) != content_hash({"a": 2}, {})
    assert content_hash({"a": 1}, {}) != content_hash({}, {"a": 1})


def test_datasets_are_readable_to_the_workspace_that_exported_them_alone() -> None:
    dataset = new_id()
    here = graph("knowledge-retrieval", dataset_ids=[dataset])
    out = portable.exported(here, TENANT, keep_credentials=False)
    assert dataset not in json.dumps(out)
    assert portable.dataset_ids(out) == []
    assert portable.imported(out, TENANT) == here
    assert portable.imported(out, OTHER)["nodes"][0]["data"]["dataset_ids"] == []
    odd = graph("knowledge-retrieval", dataset_ids=[dataset, "nonsense", "AAAA", 7])
    assert portable.imported(odd, TENANT) == here
    assert portable.dataset_ids(graph("knowledge-retrieval", "knowledge-retrieval", dataset_ids=[dataset])) == [dataset]


def test_encryption_of_datasets_is_that_of_existing_files() -> None:
    """A known pair: AES-CBC, key SHA-256 of the workspace, IV its first 16 bytes, PKCS7, base64."""
    tenant, dataset = "01a212ed-0000-7000-8000-000000000001", "01a212ed-0000-7000-8000-000000000002"
    out = portable.exported(graph("knowledge-retrieval", dataset_ids=[dataset]), tenant, keep_credentials=True)
    # openssl enc -aes-256-cbc gives the same.
    assert out["nodes"][0]["data"]["dataset_ids"] == ["aO/lWd02dDH4rmj+WW+JoLJJTDFZ0uxlEB3cJMel9kH9uG1dgkcNylCEmsQQnUIY"]


@pytest.mark.parametrize("file", sorted(FILES.glob("*.yml")), ids=lambda file: file.stem)
def test_public_file_comes_in_goes_out_and_comes_in_the_same(file: Path) -> None:
    loaded = dsl.load(file.read_text(encoding="utf-8"))
    assert loaded.workflow is not None
    content = rules.of_section(loaded.mode, loaded.workflow)
    there = portable.imported(content.graph, TENANT)
    section = {
        "graph": portable.exported(there, TENANT, keep_credentials=False), "features": content.features,
        "environment_variables": list(content.environment_variables),
        "conversation_variables": list(content.conversation_variables),
    }  # fmt: skip
    text = dsl.dump(dsl.AppFile(name="x", mode=loaded.mode, workflow=section))
    again = dsl.load(text)
    assert again.status == "completed"
    second = rules.of_section(again.mode, again.workflow or {})
    assert portable.imported(second.graph, TENANT) == there
    assert (second.features, second.environment_variables, second.conversation_variables) == (
        content.features, content.environment_variables, content.conversation_variables,
    )  # fmt: skip
    assert len(yaml.safe_load(text)["workflow"]["graph"]["nodes"]) == len(there["nodes"])
