"""Callers that must not see each other, on one running product: users, apps and workspaces with things of their own."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx
import sqlalchemy as sa

from gateway.contract import Binding
from server.account.model import new_owner
from server.account.store import AccountStore
from server.db.annotation_tables import annotation_imports, annotation_settings, app_annotations
from server.db.engine import make_engine, uow_factory
from server.db.extension_tables import api_based_extensions
from server.db.tables import (
    app_configs,
    apps,
    child_chunks,
    conversation_variables,
    conversations,
    datasets,
    document_segments,
    documents,
    external_knowledge_apis,
    messages,
    metadata,
    process_rules,
    runs,
)
from server.db.tool_tables import mcp_tool_providers, workflow_tool_providers
from server.db.trigger_tables import triggers
from server.db.workflow_tables import workflow_draft_variables, workflows
from server.kit.crypto import Sealer, hash_password
from server.kit.ids import new_id
from tests.harness.product import COMPATIBLE, PASSWORD, SECRET, App, Product, Workspace
from tests.rest.calls import policy_of
from tests.rest.flows import PATIENT, flow
from transom.common.v1 import options_pb2

PROVIDERS = "/console/api/workspaces/current/model-providers"
OPENAI = "langgenius/openai/openai"
# The "mode" of calls about child chunks: documents are then nested.
NESTED = "nested"
# That of calls about workflows.
WORKFLOW = "workflow"
WORKFLOW_FILE = """
version: "0.5.0"
kind: app
app: {name: flow, mode: workflow, icon: "\U0001F916", icon_background: "#FFEAD5", description: ""}
workflow:
  graph:
    nodes:
    - {id: start, type: custom, data: {type: start, title: Start, variables: []}}
    - {id: end, type: custom, data: {type: end, title: End, outputs: []}}
    edges: [{id: e, source: start, target: end}]
  features: {}
  environment_variables: []
  conversation_variables: []
"""
# Before the mode of an app: its page, not its API.
PAGE = "page of "
# Long enough for a stop to arrive while it speaks.
SLOW = "slow@tokens=400,delay=25"
ANNOTATION_REPLY = {"score_threshold": 0.9, "embedding_provider_name": COMPATIBLE, "embedding_model_name": "none"}
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
# A form that may be left empty.
FORM = [{"paragraph": {"label": "Query", "variable": "query", "required": False, "default": ""}}]
UPLOADS = {
    "enabled": True, "allowed_file_types": ["image"], "allowed_file_upload_methods": ["local_file"],
    "number_limits": 3, "image": {"enabled": True, "number_limits": 3, "transfer_methods": ["local_file"]},
}  # fmt: skip


class OtherWorkspace(Workspace):
    """A console session of another owner in another workspace of the same instance."""

    def __init__(self, product: Product, model_url: str) -> None:
        self.email = f"{new_id()}@example.com"
        super().__init__(product, model_url)

    def _set_up(self) -> None:
        # Setup makes one workspace, and members come to it; another one is made by nobody yet.
        engine = make_engine(self.product.postgres_url, pool_size=1)
        try:
            with uow_factory(engine)() as uow:
                owner = new_owner(self.email, "other", PASSWORD, "")
                AccountStore(uow).add_owner(new_id(), owner, hash_password(PASSWORD))
                uow.commit()
        finally:
            engine.dispose()
        login = {"email": self.email, "password": base64.b64encode(PASSWORD.encode()).decode()}
        self.ok(self.console.post("/console/api/login", json=login))
        self.console.headers["X-CSRF-Token"] = self.console.cookies["csrf_token"]


@dataclass
class Workplace:
    """A workspace with a chat and a completion app; some of its things belong to no end user."""

    workspace: Workspace
    model_url: str
    # Ids of the dataset keys that were made to be owned.
    dataset_keys: list[str] = field(default_factory=list)

    @cached_property
    def apps(self) -> dict[str, App]:
        """A client of an app by its mode."""
        return {**self._easy_apps, "workflow": flow(self.workspace, PATIENT)}

    @property
    def _easy_apps(self) -> dict[str, App]:
        return {
            mode: self.workspace.app(
                mode, model=SLOW, file_upload=UPLOADS, pre_prompt="Be brief.", user_input_form=FORM,
                suggested_questions_after_answer={"enabled": True}, more_like_this={"enabled": True},
            )
            for mode in ("chat", "completion")
        }

    @cached_property
    def datasets(self) -> httpx.Client:
        """A client with a dataset key."""
        key = self.workspace.ok(self.workspace.console.post("/console/api/datasets/api-keys"))["token"]
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.workspace.product.url, timeout=60, headers=headers)


@dataclass
class Party:
    """Someone with an app key or a console session, and everything that can be owned."""

    place: Workplace
    apps: Mapping[str, App]
    user: str
    stock: dict[str, dict[str, str]] = field(default_factory=dict)
    pages: dict[str, httpx.Client] = field(default_factory=dict)

    def client(self, kind: str, mode: str) -> httpx.Client:
        """How this party calls RPCs that ask for a credential of ``kind`` (options.proto, Auth)."""
        if kind == "AUTH_ACCOUNT":
            return self.place.workspace.console
        if kind == "AUTH_DATASET_KEY":
            return self._datasets
        if kind == "AUTH_PASSPORT":
            return self._page(mode)
        return self.apps[mode].http

    def things(self, mode: str, kinds: set[str]) -> dict[str, str]:
        """A new id of each kind, all of them belonging together: the message is in the conversation, and so on."""
        return self._make(mode, kinds, {})

    def kept(self, mode: str, kinds: set[str]) -> dict[str, str]:
        """The same ids each time, for calls that change nothing; a run is new, since it ends by itself."""
        made = self.stock.setdefault(mode, {})
        made.pop("task", None)
        self._make(mode, kinds, made)
        return dict(made)

    def _make(self, mode: str, kinds: set[str], made: dict[str, str]) -> dict[str, str]:
        for kind in sorted(kinds, key=list(MAKERS).index):
            if kind not in made:
                made |= MAKERS[kind](self, mode, made)
        return made

    def _page(self, mode: str) -> httpx.Client:
        """The page of an app, with a passport."""
        if mode not in self.pages:
            app = self.apps[mode.removeprefix(PAGE)]
            code = self._ok(self._console.get(f"/console/api/apps/{app.id}"))["site"]["code"]
            given = self._console.get("/api/passport", headers={"X-App-Code": code}, params={"user_id": self.user})
            headers = {"X-App-Passport": self._ok(given)["access_token"]}
            self.pages[mode] = httpx.Client(base_url=app.http.base_url, timeout=60, headers=headers)
        return self.pages[mode]

    def _chats(self, mode: str) -> tuple[httpx.Client, str]:
        """Who asks an app, and by which API."""
        return (self._page(mode), "/api") if mode.startswith(PAGE) else (self.apps[mode].http, "/v1")

    # What can be owned; each returns one or several ids by kind

    def _turn(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        http, api = self._chats(mode)
        upload = {"file": (f"{new_id()}.png", PNG, "image/png")}
        file = self._ok(http.post(f"{api}/files/upload", files=upload, data={"user": self.user}))
        attached = {"type": "image", "transfer_method": "local_file", "upload_file_id": file["id"]}
        body = {"inputs": {}, "query": "a question", "user": self.user, "files": [attached]}
        first = self._stream(mode, body)
        self._ok(http.post(f"{api}/{_route(mode)}/{first['task_id']}/stop", json={"user": self.user}))
        return {
            "message": first["message_id"], "file": file["id"], "end_user": file["created_by"],
            **({"conversation": first["conversation_id"]} if "conversation_id" in first else {}),
        }

    def _task(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """A run that is still speaking: its client left, it goes on."""
        body = {"inputs": {"name": "slow"}, "query": "a question", "user": self.user}
        return {"task": self._stream(mode, body)["task_id"]}

    def _workflow_run(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """A run that has ended, and the version that ran."""
        body = {"inputs": {"name": "quick"}, "user": self.user}
        if mode.startswith(PAGE):
            with self._page(mode).stream("POST", "/api/workflows/run", json=body) as reply:
                started = json.loads(next(line for line in reply.iter_lines() if line.startswith("data: "))[6:])
            return {"workflow_run": started["workflow_run_id"], "workflow_version": started["data"]["workflow_id"]}
        data = self._ok(self.apps["workflow"].http.post("/v1/workflows/run", json=body))["data"]
        return {"workflow_run": data["id"], "workflow_version": data["workflow_id"]}

    def _form_token(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """A form that somebody may fill in."""
        body = {"inputs": {"name": "ask"}, "user": self.user}
        data = self._ok(self.apps["workflow"].http.post("/v1/workflows/run", json=body))["data"]
        return {"form_token": data["reasons"][0]["form_token"]}

    def _debug_run(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """A run of a draft that has ended; its task is over."""
        path = f"/console/api/apps/{made['app']}/workflows/draft/run"
        reply = self._console.post(path, json={"inputs": {}})
        first: dict[str, Any] = json.loads(reply.text.partition("\n")[0].removeprefix("data: "))
        return {"debug_run": first["workflow_run_id"], "debug_task": first["task_id"]}

    def _stream(self, mode: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The first event of a stream that is then left."""
        streamed = {**body, "response_mode": "streaming"}
        http, api = self._chats(mode)
        line = ""
        with http.stream("POST", f"{api}/{_route(mode)}", json=streamed) as reply:
            for line in reply.iter_lines():
                if line.startswith("data: "):
                    first: dict[str, Any] = json.loads(line.removeprefix("data: "))
                    return first
        raise AssertionError(f"no event came: {reply.status_code} {line}")

    def _variable(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """Variables are made by chatflows, which are not there yet."""
        app, variable = self.apps[mode], new_id()
        row = {"id": variable, "app_id": app.id, "conversation_id": made["conversation"], "name": "topic", "value": "old"}
        with database(self.place.workspace.product) as connection:
            tenant = sa.select(apps.c.tenant_id).where(apps.c.id == app.id).scalar_subquery()
            connection.execute(sa.insert(conversation_variables).values(tenant_id=tenant, **row))
            connection.commit()
        return {"conversation_variable": variable}

    def _account(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        return {"account": self._ok(self._console.get("/console/api/account/profile"))["id"]}

    def _app(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        if mode == WORKFLOW:
            body = {"mode": "yaml-content", "yaml_content": WORKFLOW_FILE}
            return {"app": self._ok(self._console.post("/console/api/apps/imports", json=body))["app_id"]}
        kind = mode if mode in {"completion", "agent-chat", "advanced-chat"} else "chat"
        app = self._ok(self._console.post("/console/api/apps", json={"name": "mine", "mode": kind}))
        return {"app": app["id"]}

    def _app_talk(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """A conversation of an end user with an app, as a run leaves it."""
        tenant = self._ok(self._console.post("/console/api/workspaces/current"))["id"]
        of_app = {"tenant_id": tenant, "app_id": made["app"], "from_end_user_id": new_id()}
        talk = self._insert(conversations, {**of_app, "id": new_id(), "mode": mode, "name": "theirs"})
        asked = {"conversation_id": talk, "query": "a question", "answer": "an answer", "app_mode": mode}
        message = self._insert(messages, {**of_app, **asked, "id": new_id(), "inputs": {}, "metadata": {}})
        return {"app_conversation": talk, "app_message": message}

    def _debugging(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """What is left when a member has tried an app out."""
        tenant = self._ok(self._console.post("/console/api/workspaces/current"))["id"]
        of_app = {"tenant_id": tenant, "app_id": made["app"]}
        by_me = {"from_source": "console", "from_account_id": self._account(mode, made)["account"]}
        document = {"suggested_questions_after_answer": {"enabled": True}}
        config = self._insert(app_configs, {**of_app, "id": new_id(), "document": document})
        row = {**of_app, **by_me, "id": new_id(), "mode": mode, "name": "", "inputs": {}, "app_config_id": config}
        talk = self._insert(conversations, row)
        asked = {"conversation_id": talk, "query": "q", "answer": "a", "app_mode": mode, "inputs": {}, "metadata": {}}
        message = self._insert(messages, {**of_app, **by_me, **asked, "id": new_id()})
        task = new_id()
        self._insert(runs, {**of_app, "task_id": task, "mode": mode, "status": "succeeded"}, key="task_id")
        return {"debug_conversation": talk, "debug_message": message, "chat_debug_task": task}

    def _workflow(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """A version that does not run any more, so that it may be deleted."""
        versions = [
            {"id": new_id(), "app_id": made["app"], "version": version, "marked_name": version} for version in ("1", "2")
        ]
        with database(self.place.workspace.product) as connection:
            mine = apps.c.id == made["app"]
            tenant = sa.select(apps.c.tenant_id).where(mine).scalar_subquery()
            for row in versions:
                connection.execute(sa.insert(workflows).values(tenant_id=tenant, **row))
            connection.execute(sa.update(apps).where(mine).values(workflow_id=versions[1]["id"]))
            connection.commit()
        return {"workflow": versions[0]["id"]}

    def _trigger(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """What a published webhook node has."""
        row = {"id": new_id(), "app_id": made["app"], "node_id": "hook", "type": "trigger-webhook"}
        with database(self.place.workspace.product) as connection:
            tenant = sa.select(apps.c.tenant_id).where(apps.c.id == made["app"]).scalar_subquery()
            connection.execute(sa.insert(triggers).values(tenant_id=tenant, **row))
            connection.commit()
        return {"trigger": row["id"]}

    def _draft_variable(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """What a debug run leaves."""
        row = {"id": new_id(), "app_id": made["app"], "node_id": "n", "name": "text", "value": "old"}
        with database(self.place.workspace.product) as connection:
            tenant = sa.select(apps.c.tenant_id).where(apps.c.id == made["app"]).scalar_subquery()
            connection.execute(sa.insert(workflow_draft_variables).values(tenant_id=tenant, **row))
            connection.commit()
        return {"draft_variable": row["id"]}

    def _app_key(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        return {"app_key": self._ok(self._console.post(f"/console/api/apps/{made['app']}/api-keys"))["id"]}

    def _dataset_key(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        # A workspace has at most ten: the one before goes.
        path = "/console/api/datasets/api-keys"
        for id_ in self.place.dataset_keys:
            self._console.delete(f"{path}/{id_}")
        self.place.dataset_keys[:] = [self._ok(self._console.post(path))["id"]]
        return {"dataset_key": self.place.dataset_keys[0]}

    def _dataset(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        return {"dataset": self._ok(self._datasets.post("/v1/datasets", json={"name": new_id()}))["id"]}

    def _tag(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        return {"tag": self._ok(self._datasets.post("/v1/datasets/tags", json={"name": new_id()}))["id"]}

    def _upload(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """A text that no document is made of yet."""
        upload = {"file": (f"{new_id()}.txt", b"a text", "text/plain")}
        return {"upload": self._ok(self.apps["chat"].http.post("/v1/files/upload", files=upload))["id"]}

    def _account_file(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """A picture that the account uploaded."""
        upload = {"file": (f"{new_id()}.png", PNG, "image/png")}
        return {"account_file": self._ok(self._console.post("/console/api/files/upload", files=upload))["id"]}

    def _member(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """Somebody who was invited."""
        email = f"{new_id()}@example.com"
        members = "/console/api/workspaces/current/members"
        self._ok(self._console.post(f"{members}/invite-email", json={"emails": [email], "role": "normal"}))
        listed = self._ok(self._console.get(members))["accounts"]
        return {"member": next(one["id"] for one in listed if one["email"] == email)}

    def _document(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """An indexed document with a segment and a child chunk, as the worker leaves them."""
        file = self._upload(mode, made)["upload"]
        form = "hierarchical_model" if mode == NESTED else "text_model"
        ids = {kind: new_id() for kind in ("document", "segment", "child_chunk", "rule", "batch")}
        tenant = self._ok(self._console.post("/console/api/workspaces/current"))["id"]
        owner = self._ok(self._console.get("/console/api/account/profile"))["id"]
        shared = {"tenant_id": tenant, "dataset_id": made["dataset"], "created_by": owner}
        inside = {**shared, "document_id": ids["document"], "position": 1, "content": "a text", "word_count": 6,
                  "index_node_hash": "-"}  # fmt: skip
        rows: list[tuple[sa.Table, dict[str, Any]]] = [
            (process_rules, {**shared, "id": ids["rule"], "mode": "automatic"}),
            (documents, {
                **shared, "id": ids["document"], "position": 1, "name": "a.txt", "batch": ids["batch"],
                "upload_file_id": file, "process_rule_id": ids["rule"], "doc_form": form,
                "indexing_status": "completed", "live_version": 1, "word_count": 6, "tokens": 2,
            }),
            (document_segments, {**inside, "id": ids["segment"], "index_node_id": new_id(), "status": "completed"}),
            (child_chunks, {
                **inside, "id": ids["child_chunk"], "segment_id": ids["segment"], "index_node_id": new_id(),
            }),
        ]  # fmt: skip
        values = {"indexing_technique": "economy", "live_technique": "economy", "doc_form": form,
                  "data_source_type": "upload_file"}  # fmt: skip
        with database(self.place.workspace.product) as connection:
            connection.execute(sa.update(datasets).where(datasets.c.id == made["dataset"]).values(**values))
            for table, row in rows:
                connection.execute(sa.insert(table).values(**row))
            connection.commit()
        del ids["rule"]
        return ids

    def _external_api(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """A source elsewhere; registering one over the API would call it."""
        row = {
            "id": new_id(), "name": "elsewhere", "endpoint": "https://knowledge.example",
            "sealed_key": Sealer(SECRET).seal("k"), "created_by": self._account(mode, made)["account"],
            "tenant_id": self._ok(self._console.post("/console/api/workspaces/current"))["id"],
        }  # fmt: skip
        with database(self.place.workspace.product) as connection:
            connection.execute(sa.insert(external_knowledge_apis).values(**row))
            connection.commit()
        return {"external_api": row["id"]}

    def _api_based_extension(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """An endpoint of one's own; adding one over the API would call it."""
        row = {
            "id": new_id(), "name": new_id(), "endpoint": "https://extension.example",
            "sealed_key": Sealer(SECRET).seal("a key"), "created_by": self._account(mode, made)["account"],
            "tenant_id": self._ok(self._console.post("/console/api/workspaces/current"))["id"],
        }  # fmt: skip
        with database(self.place.workspace.product) as connection:
            connection.execute(sa.insert(api_based_extensions).values(**row))
            connection.commit()
        return {"api_based_extension": row["id"]}

    def _mcp_provider(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """A server that nobody has asked yet."""
        name = new_id()
        row = {
            **self._by_me(mode, made), "name": name, "server_identifier": name[-12:], "url_hash": name,
            "sealed_url": Sealer(SECRET).seal("https://mcp.example/mcp"), "sealed_headers": Sealer(SECRET).seal("{}"),
        }  # fmt: skip
        return {"mcp_provider": self._insert(mcp_tool_providers, row)}

    def _workflow_tool(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """A tool whose app is gone; one of a published app is in tests/rest/test_tools.py."""
        row = {**self._by_me(mode, made), "name": new_id(), "app_id": new_id(), "workflow_id": new_id()}
        return {"workflow_tool": self._insert(workflow_tool_providers, row)}

    def _by_me(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        return {
            "id": new_id(), "created_by": self._account(mode, made)["account"],
            "tenant_id": self._ok(self._console.post("/console/api/workspaces/current"))["id"],
        }  # fmt: skip

    def _insert(self, table: sa.Table, row: Mapping[str, Any], *, key: str = "id") -> str:
        with database(self.place.workspace.product) as connection:
            connection.execute(sa.insert(table).values(**row))
            connection.commit()
        return str(row[key])

    def _annotation(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        app = self.apps[mode]
        job = self._ok(app.http.post("/v1/apps/annotation-reply/enable", json=ANNOTATION_REPLY))["job_id"]
        return {"annotation": self._annotated(app.id), "annotation_job": job}

    def _app_annotation(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        path = f"/console/api/apps/{made['app']}/annotation-reply/enable"
        job = self._ok(self._console.post(path, json=ANNOTATION_REPLY))["job_id"]
        return {"app_annotation": self._annotated(made["app"]), "app_annotation_job": job}

    def _annotation_files(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """An import that was taken in, and a setting as the worker leaves it."""
        tenant = self._ok(self._console.post("/console/api/workspaces/current"))["id"]
        of_app = {"tenant_id": tenant, "app_id": made["app"]}
        taken = self._insert(annotation_imports, {**of_app, "id": new_id()})
        with database(self.place.workspace.product) as connection:
            mine = annotation_settings.c.app_id == made["app"]
            connection.execute(sa.delete(annotation_settings).where(mine))
            connection.commit()
        row = {**of_app, "id": new_id(), "enabled": True, "provider": "p", "model": "m", "job_id": new_id(),
               "job_action": "enable", "job_status": "completed"}  # fmt: skip
        return {"app_annotation_import": taken, "app_annotation_setting": self._insert(annotation_settings, row)}

    def _annotated(self, app_id: str) -> str:
        tenant = self._ok(self._console.post("/console/api/workspaces/current"))["id"]
        row = {"id": new_id(), "tenant_id": tenant, "app_id": app_id, "question": "mine", "answer": "mine"}
        return self._insert(app_annotations, row)

    def _metadata(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        path = f"/v1/datasets/{made['dataset']}/metadata"
        return {"metadata": self._ok(self._datasets.post(path, json={"type": "string", "name": "colour"}))["id"]}

    def _provider_credential(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        name = new_id()[:30]
        self._ok(
            self._console.post(
                f"{PROVIDERS}/{OPENAI}/credentials", json={"credentials": self.provider_form, "name": name}
            )
        )
        providers = self._ok(self._console.get(PROVIDERS))["data"]
        (openai,) = (one for one in providers if one["provider"] == OPENAI)
        listed = openai["custom_configuration"]["available_credentials"]
        return {"provider_credential": _by_name(listed, name)}

    def _model_credential(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        name, path = new_id()[:30], f"{PROVIDERS}/{COMPATIBLE}/models/credentials"
        model = {"model": "owned", "model_type": "llm"}
        self._ok(self._console.post(path, json={**model, "credentials": self.model_form, "name": name}))
        listed = self._ok(self._console.get(path, params=model))["available_credentials"]
        return {"model_credential": _by_name(listed, name)}

    @property
    def provider_form(self) -> dict[str, str]:
        """A credential of the OpenAI provider that its test call accepts."""
        return {"openai_api_key": "sk-test-key", "openai_api_base": f"{self.place.model_url}/v1"}

    @property
    def model_form(self) -> dict[str, str]:
        """A credential of a custom model that its test call accepts."""
        return {"endpoint_url": f"{self.place.model_url}/v1", "api_key": "sk-test-key", "mode": "chat",
                "context_size": "8192"}  # fmt: skip

    @property
    def _datasets(self) -> httpx.Client:
        return self.place.datasets

    @property
    def _console(self) -> httpx.Client:
        return self.place.workspace.console

    def _ok(self, reply: httpx.Response) -> Any:
        return self.place.workspace.ok(reply)


Maker = Callable[[Party, str, Mapping[str, str]], dict[str, str]]
# How each kind of resource of the contract is made, those that others are made of first.
MAKERS: Mapping[str, Maker] = {
    "conversation": Party._turn, "message": Party._turn, "file": Party._turn, "end_user": Party._turn,
    "upload": Party._upload, "task": Party._task, "workflow_run": Party._workflow_run,
    "workflow_version": Party._workflow_run, "form_token": Party._form_token, "conversation_variable": Party._variable, "app": Party._app, "app_key": Party._app_key,
    "dataset_key": Party._dataset_key, "provider_credential": Party._provider_credential,
    "model_credential": Party._model_credential, "dataset": Party._dataset, "tag": Party._tag,
    "metadata": Party._metadata, "document": Party._document, "batch": Party._document, "segment": Party._document,
    "child_chunk": Party._document, "external_api": Party._external_api,
    "api_based_extension": Party._api_based_extension,
    "debug_run": Party._debug_run, "debug_task": Party._debug_run, "account": Party._account, "workflow": Party._workflow, "draft_variable": Party._draft_variable,
    "trigger": Party._trigger, "account_file": Party._account_file, "member": Party._member,
    "annotation": Party._annotation, "annotation_job": Party._annotation,
    "app_annotation": Party._app_annotation, "app_annotation_job": Party._app_annotation,
    "app_annotation_import": Party._annotation_files, "app_annotation_setting": Party._annotation_files,
    "debug_conversation": Party._debugging, "debug_message": Party._debugging, "chat_debug_task": Party._debugging,
    "app_conversation": Party._app_talk, "app_message": Party._app_talk,
    "mcp_provider": Party._mcp_provider, "workflow_tool": Party._workflow_tool,
}  # fmt: skip


# What a thing is part of, and is made with.
INSIDE: Mapping[str, tuple[str, ...]] = {
    "conversation_variable": ("conversation",), "app_key": ("app",), "document": ("dataset",), "batch": ("dataset",),
    "segment": ("dataset",), "child_chunk": ("dataset",), "metadata": ("dataset",), "workflow": ("app",),
    "debug_run": ("app",), "debug_task": ("app",),
    "draft_variable": ("app",), "trigger": ("app",),
    "app_annotation": ("app",), "app_annotation_job": ("app",), "app_conversation": ("app",), "app_message": ("app",),
    "app_annotation_import": ("app",), "app_annotation_setting": ("app",),
    "debug_conversation": ("app",), "debug_message": ("app",), "chat_debug_task": ("app",),
}  # fmt: skip


# Calls of the console about apps of one mode.
_MODES: Mapping[str, str] = {
    "ListCompletionConversations": "completion", "GetCompletionConversation": "completion",
    "DeleteCompletionConversation": "completion", "GetAgentLog": "agent-chat", "ListLoggedVariables": "advanced-chat",
    "ListResponseTimes": "completion", "SendDebugCompletionMessage": "completion",
    "StreamDebugCompletionMessage": "completion",
}  # fmt: skip


def mode_of(binding: Binding) -> str:
    """The mode of the app that an RPC is called about."""
    name, policy = str(binding.method.name), policy_of(binding)
    if "ChildChunk" in name:
        return NESTED
    if "HumanInput" in name:
        return WORKFLOW
    if name in _MODES:
        return _MODES[name]
    of_workflows = binding.service.startswith("transom.workflow.") and name != "ConvertToWorkflow"
    if policy.auth == options_pb2.AUTH_ACCOUNT and (of_workflows or name in {"ExportApp", "ImportApp"}):
        return WORKFLOW
    mode = next((mode for mode in ("completion", WORKFLOW) if list(policy.modes)[:1] == [mode]), "chat")
    return PAGE + mode if policy.auth == options_pb2.AUTH_PASSPORT else mode


def _route(mode: str) -> str:
    routes = {"completion": "completion-messages", WORKFLOW: "workflows/run"}
    return routes.get(mode.removeprefix(PAGE), "chat-messages")


def _by_name(credentials: list[dict[str, str]], name: str) -> str:
    (found,) = (one["credential_id"] for one in credentials if one["credential_name"] == name)
    return found


def database(product: Product) -> sa.Connection:
    """A connection to the product's database; closing it closes everything."""
    engine = sa.create_engine(
        product.postgres_url.replace("postgresql://", "postgresql+psycopg2://", 1), poolclass=sa.NullPool
    )
    return engine.connect()


_ID_COLUMNS = {
    table: [column for column in table.c if isinstance(column.type, (sa.Uuid, sa.Text))]
    for table in metadata.sorted_tables
}
# Written in the background, some time after its owner used a key.
_IN_THE_BACKGROUND = {"api_keys.last_used_at"}
_ABOUT = [
    (
        table.name,
        sa.select(*(column for column in table.c if str(column) not in _IN_THE_BACKGROUND)).where(
            sa.or_(*(sa.cast(column, sa.Text) == sa.bindparam("wanted") for column in ids))
        ),
    )
    for table, ids in _ID_COLUMNS.items()
    if ids
]


def rows_about(connection: sa.Connection, wanted: str) -> list[str]:
    """Every row of every table that holds an id, as text; what a call changed is seen by comparing two of these."""
    return [
        f"{name} {row}"
        for name, statement in _ABOUT
        for row in sorted(str(tuple(row)) for row in connection.execute(statement, {"wanted": wanted}))
    ]
