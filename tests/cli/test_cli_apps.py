"""`transom app`: files in, files out, on a running product."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Instance
from tests.harness.product import App, Product, Workspace


def _file(name: str, *, provider: str = "langgenius/openai/openai", model: str = "gpt-none", **top: object) -> str:
    document = {
        "app": {"name": name, "mode": "chat", "description": "说明", "icon": "🤖", "icon_background": "#FFEAD5"},
        "kind": "app", "version": "0.5.0",
        "model_config": {
            "model": {"provider": provider, "name": model, "mode": "chat", "completion_params": {}},
            "pre_prompt": "Be brief.", "prompt_type": "simple",
        },
        **top,
    }  # fmt: skip
    return yaml.safe_dump(document, allow_unicode=True)


def _workflow(name: str, **more: object) -> str:
    document = {
        "app": {"name": name, "mode": "workflow"}, "kind": "app", "version": "0.5.0",
        "workflow": {"graph": {"nodes": [], "edges": []}, "features": {}} | more,
    }  # fmt: skip
    return yaml.safe_dump(document)


def _id(line: str) -> str:
    return line.split("  ", maxsplit=1)[0]


def test_import_prints_id_mode_and_name_and_list_shows_the_app(transom: Instance, tmp_path: Path) -> None:
    file = tmp_path / "app.yml"
    file.write_text(_file("从文件"), encoding="utf-8")
    made = transom.ok("app", "import", str(file))
    assert made.strip().split("  ")[1:] == ["chat", "从文件"]
    rows = [line.split() for line in transom.ok("app", "list").splitlines()]
    assert rows[0] == ["ID", "MODE", "NAME"]
    assert [_id(made), "chat", "从文件"] in rows


def test_import_that_names_a_model_the_workspace_lacks_warns_on_standard_error(transom: Instance) -> None:
    done = transom("app", "import", "-", stdin=_file("lacking"))
    assert done.exit_code == 0
    assert done.stderr == (
        "Warning: Model gpt-none (llm) of langgenius/openai/openai is not available in this workspace.\n"
    )


def test_import_with_the_default_model_makes_an_app_that_answers(
    transom: Instance, cli_product: Product, cli_workspace: Workspace
) -> None:
    done = transom("app", "import", "-", "--use-default-model", "--name", "Renamed", stdin=_file("original"))
    assert done.exit_code == 0
    assert done.stderr == ""
    assert done.stdout.strip().endswith("chat  Renamed")
    key = transom.ok("key", "create", "Renamed").strip()
    reply = App(cli_product.url, _id(done.stdout), key).send()
    assert reply.status_code == 200, reply.text
    assert reply.json()["answer"]


def test_export_of_an_import_gives_the_same_file_again(transom: Instance, tmp_path: Path) -> None:
    made = transom.ok("app", "import", "-", stdin=_file("round"))
    shown = transom.ok("app", "export", _id(made))
    output = tmp_path / "out.yml"
    assert transom.ok("app", "export", "round", "--output", str(output)) == ""
    assert output.read_text(encoding="utf-8") == shown
    again = transom.ok("app", "import", str(output), "--name", "round again")
    document, second = yaml.safe_load(shown), yaml.safe_load(transom.ok("app", "export", _id(again)))
    assert document["app"]["name"] == "round"
    assert second["app"].pop("name") == "round again"
    del document["app"]["name"]
    assert second == document


def test_secret_variables_are_exported_when_asked_for_alone(transom: Instance) -> None:
    secret = {"id": "01a212ed-0000-7000-8000-000000000001", "name": "token", "value": "geheim", "value_type": "secret"}
    made = transom.ok("app", "import", "-", stdin=_workflow("with a secret", environment_variables=[secret]))
    assert "geheim" not in transom.ok("app", "export", _id(made))
    assert "geheim" in transom.ok("app", "export", _id(made), "--include-secret")


def test_overwriting_import_replaces_the_workflow_and_keeps_the_id(transom: Instance) -> None:
    made = transom.ok("app", "import", "-", stdin=_workflow("flow"))
    changed = transom.ok("app", "import", "-", "--overwrite", "flow", stdin=_workflow("flow two"))
    assert changed.strip() == f"{_id(made)}  workflow  flow two"


def test_overwriting_a_chat_app_is_refused(transom: Instance) -> None:
    made = transom.ok("app", "import", "-", stdin=_file("kept"))
    done = transom("app", "import", "-", "--overwrite", _id(made), stdin=_file("not taken"))
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: not imported: ")


def _running(kind: str = "template-transform") -> dict[str, object]:
    nodes = [
        {"id": "start", "data": {"type": "start", "title": "Start", "variables": []}},
        {"id": "middle", "data": {"type": kind, "title": "Middle", "template": "x", "variables": []}},
        {"id": "end", "data": {"type": "end", "title": "End", "outputs": []}},
        {"id": "aside", "data": {"type": "end", "title": "Aside", "outputs": []}},
    ]
    ends = (("start", "middle"), ("middle", "end"))
    edges = [{"id": source, "source": source, "target": target} for source, target in ends]
    return {"graph": {"nodes": nodes, "edges": edges}}


def test_workflow_is_published_and_its_surprises_are_warnings(transom: Instance, cli_workspace: Workspace) -> None:
    made = _id(transom.ok("app", "import", "-", stdin=_workflow("to publish", **_running())))
    done = transom("app", "publish", "to publish", "--name", "first", "--comment", "works")
    assert done.exit_code == 0, done.output
    workflow, _, version = done.stdout.strip().partition("  ")
    assert done.stderr == "Warning: Node 'Aside' (aside): No way leads to it; it never runs.\n"
    shown = cli_workspace.ok(cli_workspace.console.get(f"/console/api/apps/{made}/workflows/publish"))
    assert [shown[key] for key in ("id", "version", "marked_name", "marked_comment")] == [
        workflow, version, "first", "works",
    ]  # fmt: skip


def test_import_publishes_at_once_when_asked(transom: Instance, cli_workspace: Workspace) -> None:
    made = transom("app", "import", "-", "--publish", stdin=_workflow("at once", **_running()))
    assert made.exit_code == 0, made.output
    path = f"/console/api/apps/{_id(made.stdout)}/workflows/publish"
    assert cli_workspace.ok(cli_workspace.console.get(path))["version"] != "draft"


def test_workflow_that_cannot_run_is_not_published_and_the_node_is_named(transom: Instance) -> None:
    done = transom("app", "import", "-", "--publish", stdin=_workflow("broken", **_running("datasource")))
    assert done.exit_code == 1
    assert "Error: not published: Node 'Middle' (middle): Node type 'datasource' is not supported." in done.stderr
    assert "broken" in transom.ok("app", "list")


def test_chat_app_has_nothing_to_publish(transom: Instance) -> None:
    made = transom.ok("app", "import", "-", stdin=_file("no flow"))
    done = transom("app", "publish", _id(made))
    assert (done.exit_code, done.stderr) == (1, "Error: not published: the app has no workflow\n")


def test_file_of_a_newer_version_is_imported_after_a_yes_alone(transom: Instance) -> None:
    newer = _file("newer", version="9.0.0")
    refused = transom("app", "import", "-", stdin=newer)
    assert refused.exit_code == 1
    assert "9.0.0" in refused.stderr
    assert "newer" not in transom.ok("app", "list")
    assert transom.ok("app", "import", "-", "--yes", stdin=newer).strip().endswith("chat  newer")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("just text", "not imported: Invalid YAML format: content must be a mapping"),
        ("app: {name: x", "not imported: "),
        (b"\xff\xfe", "is not UTF-8 text"),
    ],
)
def test_broken_file_is_refused_with_a_reason(transom: Instance, text: str | bytes, said: str) -> None:
    done = transom("app", "import", "-", stdin=text)
    assert done.exit_code == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_file_is_a_usage_error(transom: Instance, tmp_path: Path) -> None:
    done = transom("app", "import", str(tmp_path / "none.yml"))
    assert done.exit_code == 2
    assert "No such file" in done.stderr


def test_export_to_a_place_that_cannot_be_written_is_refused(transom: Instance, tmp_path: Path) -> None:
    made = transom.ok("app", "import", "-", stdin=_file("unwritable"))
    done = transom("app", "export", _id(made), "-o", str(tmp_path / "no" / "out.yml"))
    assert done.exit_code == 1
    assert "cannot be written" in done.stderr


def test_name_of_two_apps_is_refused_with_their_ids(transom: Instance) -> None:
    ids = {_id(transom.ok("app", "import", "-", stdin=_file("twin"))) for _ in range(2)}
    done = transom("app", "export", "twin")
    assert done.exit_code == 1
    assert "2 apps are named 'twin'" in done.stderr
    assert all(each in done.stderr for each in ids)


@pytest.mark.parametrize("named", ["nobody", "01a212ed-0000-7000-8000-000000000000"])
def test_unknown_app_is_refused(transom: Instance, named: str) -> None:
    done = transom("app", "export", named)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")


def test_unknown_workspace_is_refused_and_the_known_ones_are_named(transom: Instance) -> None:
    done = transom("app", "list", "--workspace", "other")
    assert done.exit_code == 1
    assert "owner's Workspace" in done.stderr


def test_workspace_by_name_is_the_one_that_is_used_by_default(transom: Instance) -> None:
    assert transom.ok("app", "list", "--workspace", "owner's Workspace") == transom.ok("app", "list")
