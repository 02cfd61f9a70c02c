"""Code nodes and templates in runs, through the whole product."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.harness.product import App, Workspace
from tests.harness.stores import wait_until
from tests.rest.flows import Graph, chain, edge, end, flow, node, start
from tests.rest.sse import events

_PYTHON = (
    "import json, re, requests\n\ndef main(text: str) -> dict:\n"
    "    return {'words': re.findall(r'\\w+', text), 'count': len(text), 'raw': json.dumps({'text': text})}\n"
)
_OUTPUTS = {"words": {"type": "array[string]"}, "count": {"type": "number"}, "raw": {"type": "string"}}


def code(
    node_id: str, source: str, outputs: dict[str, Any], /, *, language: str = "python3", **variables: list[str]
) -> dict[str, Any]:
    """A code node; its variables by their selectors."""
    named = [{"variable": name, "value_selector": selector} for name, selector in variables.items()]
    return node(node_id, "code", code_language=language, code=source, variables=named, outputs=outputs)


def template(node_id: str, text: str, /, **variables: list[str]) -> dict[str, Any]:
    """A template node."""
    named = [{"variable": name, "value_selector": selector} for name, selector in variables.items()]
    return node(node_id, "template-transform", template=text, variables=named)


def run(app: App, **inputs: Any) -> dict[str, Any]:
    reply = app.http.post("/v1/workflows/run", json={"inputs": inputs, "user": "u"}, timeout=60)
    assert reply.status_code == 200, reply.text
    return reply.json()["data"]


@pytest.fixture(scope="module")
def app(workspace: Workspace) -> App:
    return flow(workspace, chain(
        start("name"),
        code("py", _PYTHON, _OUTPUTS, text=["start", "name"]),
        code("js", "const main = ({words}) => ({top: words.map((word) => ({word}))});",
             {"top": {"type": "array[object]"}}, language="javascript", words=["py", "words"]),
        template("here", "{% for t in top %}{{ t.word|upper }}{{ ' ' if not loop.last }}{% endfor %}|{{ no }}|{{ gone }}",
                 top=["js", "top"], no=["start", "missing"]),
        template("child", "{% set all = here.split(' ') %}{{ all|join('+') }}", here=["here", "output"]),
        end(text=("child", "output"), count=("py", "count"), raw=("py", "raw")),
    ))  # fmt: skip


def test_python_javascript_and_templates_pass_their_outputs_on(app: App) -> None:
    data = run(app, name="sea 海 blue")
    assert (data["status"], data["outputs"]) == ("succeeded", {
        "text": "SEA+海+BLUE|None|", "count": 10, "raw": '{"text": "sea \\u6d77 blue"}',
    })  # fmt: skip


def test_many_runs_at_once_wait_for_each_other_and_none_fails(app: App) -> None:
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda n: run(app, name=f"run {n}")["outputs"]["text"], range(48)))
    assert found == [f"RUN+{n}|None|" for n in range(48)]


@pytest.mark.parametrize(
    ("text", "outputs", "said", "kind"),
    [
        ("def main(): return {'a': 1 / 0}", {"a": {"type": "number"}}, "ZeroDivisionError: division by zero",
         "CodeExecutionError"),
        ("def main(): return {'a': 1}", {"a": {"type": "string"}}, "Output a must be a string, got int instead",
         "OutputValidationError"),
        ("import requests\ndef main(): return {'a': requests.get('http://x').text}", {"a": {"type": "string"}},
         "an HTTP Request node", "CodeExecutionError"),
    ],
)  # fmt: skip
def test_failure_fails_the_run_and_leaves_by_the_branch_for_it(
    workspace: Workspace, text: str, outputs: dict[str, Any], said: str, kind: str
) -> None:
    failing = code("py", text, outputs)
    data = run(flow(workspace, chain(start(), failing, end(a=("py", "a")))))
    assert (data["status"], data["outputs"]) == ("failed", {})
    assert said in data["error"]
    failing["data"]["error_strategy"] = "fail-branch"
    late = {**end(said=("py", "error_message"), kind=("py", "error_type")), "id": "late"}
    branching: Graph = {
        "nodes": [start(), failing, end(a=("py", "a")), late],
        "edges": [edge("start", "py"), edge("py", "end", "success-branch"), edge("py", "late", "fail-branch")],
    }
    data = run(flow(workspace, branching))
    assert (data["status"], data["outputs"]["kind"]) == ("partial-succeeded", kind)
    assert said in data["outputs"]["said"]


def test_stop_ends_the_process_of_the_code(workspace: Workspace) -> None:
    sleeping = code("py", "import time\ndef main(): time.sleep(14)", {})
    app = flow(workspace, chain(start(), sleeping, end(a=("py", "a"))))
    before = _guests()
    body = {"inputs": {}, "user": "u", "response_mode": "streaming"}
    with app.http.stream("POST", "/v1/workflows/run", json=body) as reply:
        chunks = reply.iter_text()
        text = ""
        while '"node_id":"py"' not in text:
            text += next(chunks)
        wait_until(lambda: bool(_guests() - before), "the code runs")
        task = text.split('"task_id":"')[1][:36]
        asked = time.monotonic()
        app.http.post(f"/v1/workflows/tasks/{task}/stop", json={"user": "u"}).raise_for_status()
        told = events([text, *chunks])
        assert time.monotonic() - asked < 5
    assert told[-1]["data"]["status"] == "stopped"
    wait_until(lambda: not _guests() - before, "its process is gone")
    assert time.monotonic() - asked < 10


def _guests() -> set[int]:
    """Jobs in jails of this machine: forks of a warden, which is a Python itself."""
    wardens = {}
    for process in psutil.process_iter(["cmdline", "ppid", "status"]):
        program = process.info["cmdline"] or [""]
        if Path(program[0]).name.startswith("python") and any("jail.warden" in each for each in program):
            wardens[process.pid] = process.info
    return {
        pid for pid, info in wardens.items() if info["ppid"] in wardens and info["status"] != psutil.STATUS_ZOMBIE
    }
