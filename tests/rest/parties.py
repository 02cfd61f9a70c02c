"""Callers that must not see each other, on one running product: users, apps and workspaces with things of their own."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
import sqlalchemy as sa

from server.account.model import new_owner
from server.account.store import AccountStore
from server.db.engine import make_engine, uow_factory
from server.db.tables import conversation_variables, metadata
from server.kit.crypto import hash_password
from server.kit.ids import new_id
from tests.harness.product import COMPATIBLE, PASSWORD, App, Product, Workspace

PROVIDERS = "/console/api/workspaces/current/model-providers"
OPENAI = "langgenius/openai/openai"
# Long enough for a stop to arrive while it speaks.
SLOW = "slow@tokens=400,delay=25"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
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
        # Setup makes one workspace; invitations, which make more, are not there yet.
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

    @cached_property
    def apps(self) -> dict[str, App]:
        """A client of an app by its mode."""
        form = [{"paragraph": {"label": "Query", "variable": "query", "required": False, "default": ""}}]
        return {
            mode: self.workspace.app(
                mode, model=SLOW, file_upload=UPLOADS, pre_prompt="Be brief.", user_input_form=form,
                suggested_questions_after_answer={"enabled": True},
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

    def client(self, kind: str, mode: str) -> httpx.Client:
        """How this party calls RPCs that ask for a credential of ``kind`` (options.proto, Auth)."""
        if kind == "AUTH_ACCOUNT":
            return self.place.workspace.console
        if kind == "AUTH_DATASET_KEY":
            return self._datasets
        return self.apps[mode].http

    def things(self, mode: str, kinds: set[str]) -> dict[str, str]:
        """A new id of each kind, all of them belonging together: the message is in the conversation, and so on."""
        made: dict[str, str] = {}
        for kind in sorted(kinds, key=list(MAKERS).index):
            if kind not in made:
                made |= MAKERS[kind](self, mode, made)
        return made

    # What can be owned; each returns one or several ids by kind

    def _turn(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        app = self.apps[mode]
        upload = {"file": ("dot.png", PNG, "image/png")}
        file = self._ok(app.http.post("/v1/files/upload", files=upload, data={"user": self.user}))
        attached = {"type": "image", "transfer_method": "local_file", "upload_file_id": file["id"]}
        body = {"inputs": {}, "query": "a question", "user": self.user, "files": [attached]}
        first = self._stream(mode, body)
        self._ok(app.http.post(f"/v1/{_route(mode)}/{first['task_id']}/stop", json={"user": self.user}))
        return {
            "message": first["message_id"], "file": file["id"], "end_user": file["created_by"],
            **({"conversation": first["conversation_id"]} if "conversation_id" in first else {}),
        }

    def _task(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """A run that is still speaking: its client left, it goes on."""
        return {"task": self._stream(mode, {"inputs": {}, "query": "a question", "user": self.user})["task_id"]}

    def _stream(self, mode: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The first event of a stream that is then left."""
        streamed = {**body, "response_mode": "streaming"}
        with self.apps[mode].http.stream("POST", f"/v1/{_route(mode)}", json=streamed) as reply:
            for line in reply.iter_lines():
                if line.startswith("data: "):
                    first: dict[str, Any] = json.loads(line.removeprefix("data: "))
                    return first
        raise AssertionError(f"no event came: {reply.status_code}")

    def _variable(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        """Variables are made by chatflows, which are not there yet."""
        app, variable = self.apps[mode], new_id()
        with database(self.place.workspace.product) as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO conversation_variables (id, tenant_id, app_id, conversation_id, name, value_type, value)"
                    " SELECT :id, tenant_id, id, :conversation, 'topic', 'string', '\"old\"' FROM apps WHERE id = :app"
                ),
                {"id": variable, "conversation": made["conversation"], "app": app.id},
            )
            connection.commit()
        assert conversation_variables.name == "conversation_variables"
        return {"conversation_variable": variable}

    def _app(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        app = self._ok(self._console.post("/console/api/apps", json={"name": "mine", "mode": "chat"}))
        return {"app": app["id"]}

    def _app_key(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        return {"app_key": self._ok(self._console.post(f"/console/api/apps/{made['app']}/api-keys"))["id"]}

    def _dataset_key(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        # A workspace has at most ten.
        self._datasets.headers  # noqa: B018 - the key that datasets are called with is the oldest
        for key in self._ok(self._console.get("/console/api/datasets/api-keys"))["data"][:-1]:
            self._console.delete(f"/console/api/datasets/api-keys/{key['id']}")
        return {"dataset_key": self._ok(self._console.post("/console/api/datasets/api-keys"))["id"]}

    def _dataset(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        return {"dataset": self._ok(self._datasets.post("/v1/datasets", json={"name": new_id()}))["id"]}

    def _tag(self, mode: str, made: Mapping[str, str]) -> dict[str, str]:
        return {"tag": self._ok(self._datasets.post("/v1/datasets/tags", json={"name": new_id()}))["id"]}

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
    "task": Party._task, "conversation_variable": Party._variable, "app": Party._app, "app_key": Party._app_key,
    "dataset_key": Party._dataset_key, "provider_credential": Party._provider_credential,
    "model_credential": Party._model_credential, "dataset": Party._dataset, "tag": Party._tag,
    "metadata": Party._metadata,
}  # fmt: skip


def _route(mode: str) -> str:
    return "completion-messages" if mode == "completion" else "chat-messages"


def _by_name(credentials: list[dict[str, str]], name: str) -> str:
    (found,) = (one["credential_id"] for one in credentials if one["credential_name"] == name)
    return found


def database(product: Product) -> sa.Connection:
    """A connection to the product's database; closing it closes everything."""
    engine = sa.create_engine(
        product.postgres_url.replace("postgresql://", "postgresql+psycopg2://", 1), poolclass=sa.NullPool
    )
    return engine.connect()


def rows_about(connection: sa.Connection, wanted: str) -> list[str]:
    """Every row of every table that holds an id, as text; what a call changed is seen by comparing two of these."""
    found = []
    for table in metadata.sorted_tables:
        ids = [column for column in table.c if isinstance(column.type, sa.Uuid)]
        if ids:
            rows = connection.execute(sa.select(table).where(sa.or_(*(column == wanted for column in ids))))
            found += sorted(f"{table.name} {tuple(row)}" for row in rows)
    return found
