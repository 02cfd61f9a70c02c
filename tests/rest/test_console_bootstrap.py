"""An instance is set up and used over the Console API alone, through Envoy (console-api.md sections 2, 3 and 14)."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from http.cookies import SimpleCookie

import httpx
import pytest
import yaml

from server.kit.ids import new_id
from tests.harness.product import COMPATIBLE, Product, Workspace
from tests.harness.stores import DataStores
from tests.rest.parties import OPENAI, PROVIDERS, OtherWorkspace

OWNER = {"email": "Olga@Example.com", "name": "Olga", "password": "Passw0rd1"}
LOGIN = {"email": "olga@example.com", "password": base64.b64encode(b"Passw0rd1").decode()}


@pytest.fixture(scope="module")
def fresh(stores: DataStores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """An instance that nobody has set up."""
    folder = tmp_path_factory.mktemp("bootstrap")
    with Product(stores.postgres_url(), stores.redis_url(), folder) as running:
        yield running


def _session(http: httpx.Client) -> None:
    assert http.post("/console/api/login", json=LOGIN).status_code == 200
    http.headers["X-CSRF-Token"] = http.cookies["csrf_token"]


def test_instance_is_bootstrapped_over_the_console_alone(fresh: Product, model_url: str) -> None:
    http = httpx.Client(base_url=fresh.url, timeout=60)
    assert http.get("/console/api/setup").json() == {"step": "not_started", "setup_at": None}
    assert http.get("/console/api/account/profile").json()["code"] == "not_setup"
    made = http.post("/console/api/setup", json=OWNER)
    assert (made.status_code, made.json()) == (201, {"result": "success"})
    assert http.get("/console/api/setup").json()["step"] == "finished"
    assert http.post("/console/api/setup", json=OWNER).status_code == 403

    plain = http.post("/console/api/login", json={**LOGIN, "password": OWNER["password"]})
    assert plain.status_code == 401
    done = http.post("/console/api/login", json=LOGIN)
    assert (done.status_code, done.json()) == (200, {"result": "success"})
    http.headers["X-CSRF-Token"] = http.cookies["csrf_token"]
    profile = http.get("/console/api/account/profile").json()
    assert (profile["name"], profile["email"], profile["is_password_set"]) == ("Olga", "Olga@Example.com", True)
    workspace = http.post("/console/api/workspaces/current").json()
    assert (workspace["name"], workspace["role"], workspace["status"]) == ("Olga's Workspace", "owner", "normal")

    form = {"openai_api_key": "sk-test-key", "openai_api_base": f"{model_url}/v1"}
    stored = http.post(f"{PROVIDERS}/{OPENAI}/credentials", json={"credentials": form})
    assert (stored.status_code, stored.json()) == (201, {"result": "success"})
    default = {"model_settings": [{"model_type": "llm", "provider": "openai", "model": "gpt-4o-mini"}, {"model_type": "tts"}]}
    assert http.post("/console/api/workspaces/current/default-model", json=default).json() == {"result": "success"}
    assert http.get("/console/api/workspaces/current/default-model?model_type=llm").json()["data"]["model"] == "gpt-4o-mini"

    app = http.post("/console/api/apps", json={"name": "first", "mode": "chat"})
    assert app.status_code == 201
    assert app.json()["model_config"]["model"] == {
        "provider": OPENAI, "name": "gpt-4o-mini", "mode": "chat", "completion_params": {},
    }  # fmt: skip
    key = http.post(f"/console/api/apps/{app.json()['id']}/api-keys")
    assert key.status_code == 201
    assert key.json()["token"].startswith("app-")
    assert len(key.json()["token"]) == len("app-") + 24
    body = {"inputs": {}, "query": "hello", "user": "u"}
    answer = httpx.post(
        f"{fresh.url}/v1/chat-messages", json=body, headers={"Authorization": f"Bearer {key.json()['token']}"}
    )
    assert answer.json()["answer"].startswith("tok0 ")
    dataset_key = http.post("/console/api/datasets/api-keys")
    assert (dataset_key.status_code, dataset_key.json()["type"]) == (200, "dataset")


def test_login_gives_three_cookies_and_nothing_else(fresh: Product) -> None:
    http = httpx.Client(base_url=fresh.url)
    http.post("/console/api/setup", json=OWNER)
    reply = http.post("/console/api/login", json=LOGIN)
    assert reply.json() == {"result": "success"}
    cookies = {}
    for header in reply.headers.get_list("set-cookie"):
        ((name, morsel),) = SimpleCookie(header).items()
        cookies[name] = morsel
    assert set(cookies) == {"access_token", "refresh_token", "csrf_token"}
    for name, morsel in cookies.items():
        assert (morsel["path"], morsel["samesite"], morsel["domain"]) == ("/", "Lax", "")
        assert bool(morsel["httponly"]) == (name != "csrf_token"), "scripts read the CSRF token"
        assert not morsel["secure"], "the instance is served by http"
    assert int(cookies["access_token"]["max-age"]) == 3600
    assert int(cookies["refresh_token"]["max-age"]) == 30 * 86400
    assert len(cookies["refresh_token"].value) == 128


def test_every_request_with_a_session_needs_its_csrf_token(fresh: Product) -> None:
    http = httpx.Client(base_url=fresh.url)
    http.post("/console/api/setup", json=OWNER)
    http.post("/console/api/login", json=LOGIN)
    token = http.cookies["csrf_token"]
    assert http.get("/console/api/account/profile", headers={"X-CSRF-Token": token}).status_code == 200
    for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": token[:-1]}):
        refused = http.get("/console/api/account/profile", headers=headers)
        assert (refused.status_code, refused.json()["message"]) == (401, "CSRF token is missing or invalid.")
    bearer = {"Authorization": f"Bearer {http.cookies['access_token']}"}
    bare = httpx.get(f"{fresh.url}/console/api/account/profile", headers=bearer)
    assert (bare.status_code, bare.json()["message"]) == (401, "CSRF token is missing or invalid.")
    both = {**bearer, "X-CSRF-Token": token, "Cookie": f"csrf_token={token}"}
    assert httpx.get(f"{fresh.url}/console/api/account/profile", headers=both).status_code == 200


def test_csrf_token_of_another_account_is_refused(workspace: Workspace, product: Product, model_url: str) -> None:
    other = OtherWorkspace(product, model_url)
    foreign = other.console.cookies["csrf_token"]
    cookies = {**workspace.console.cookies, "csrf_token": foreign}
    reply = httpx.get(
        f"{product.url}/console/api/account/profile", cookies=cookies, headers={"X-CSRF-Token": foreign}
    )
    assert (reply.status_code, reply.json()["code"]) == (401, "unauthorized")


def test_refresh_rotates_and_the_old_token_is_void(fresh: Product) -> None:
    http = httpx.Client(base_url=fresh.url)
    http.post("/console/api/setup", json=OWNER)
    _session(http)
    old = http.cookies["refresh_token"]
    assert http.post("/console/api/refresh-token").json() == {"result": "success"}
    assert http.cookies["refresh_token"] != old
    again = httpx.post(f"{fresh.url}/console/api/refresh-token", cookies={"refresh_token": old})
    assert (again.status_code, again.json()["code"]) == (401, "unauthorized")
    http.headers["X-CSRF-Token"] = http.cookies["csrf_token"]
    assert http.get("/console/api/account/profile").status_code == 200
    kept = http.cookies["refresh_token"]
    out = http.post("/console/api/logout")
    assert out.json() == {"result": "success"}
    assert not http.cookies
    gone = httpx.post(f"{fresh.url}/console/api/refresh-token", cookies={"refresh_token": kept})
    assert gone.status_code == 401


def test_pages_of_other_origins_may_not_use_the_console(fresh: Product) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = httpx.options(f"{fresh.url}/console/api/login", headers=headers)
    assert "access-control-allow-origin" not in preflight.headers
    open_api = httpx.options(f"{fresh.url}/v1/chat-messages", headers=headers)
    assert open_api.headers["access-control-allow-origin"] in {"*", "https://evil.example"}
    assert open_api.headers.get("access-control-allow-credentials") != "true"


# App files (console-api.md 14.5 and 14.10)


def _file(version: str, **app: str) -> str:
    model = {"provider": OPENAI, "name": "gpt-4o-mini", "mode": "chat", "completion_params": {}}
    head = {"name": "imported", "mode": "chat", "icon": "\U0001F916", "icon_background": "#FFEAD5", **app}
    return yaml.safe_dump({"version": version, "kind": "app", "app": head, "model_config": {"model": model}})


@pytest.mark.parametrize(
    ("version", "status", "outcome"),
    [("0.1.0", 200, "completed-with-warnings"), ("99.0.0", 202, "pending"), ("nonsense", 400, "failed")],
)
def test_import_is_judged_by_the_version_of_the_file(
    workspace: Workspace, version: str, status: int, outcome: str
) -> None:
    body = {"mode": "yaml-content", "yaml_content": _file(version)}
    reply = workspace.console.post("/console/api/apps/imports", json=body)
    assert (reply.status_code, reply.json()["status"]) == (status, outcome), reply.text
    assert list(reply.json())[:7] == [
        "id", "status", "app_id", "app_mode", "current_dsl_version", "imported_dsl_version", "error",
    ]  # fmt: skip
    if outcome == "pending":
        path = f"/console/api/apps/imports/{reply.json()['id']}/confirm"
        done = workspace.console.post(path)
        assert (done.status_code, done.json()["status"].partition("-")[0]) == (200, "completed"), done.text
        assert workspace.console.post(path).json()["status"] == "failed", "only once"


def test_export_and_import_give_the_same_app_again(workspace: Workspace) -> None:
    app = workspace.app(pre_prompt="Be brief.", opening_statement="Hi", suggested_questions=["a", "b"])
    text = workspace.ok(workspace.console.get(f"/console/api/apps/{app.id}/export"))["data"]
    made = workspace.ok(
        workspace.console.post("/console/api/apps/imports", json={"mode": "yaml-content", "yaml_content": text})
    )
    assert made["status"] == "completed", made
    again = workspace.ok(workspace.console.get(f"/console/api/apps/{made['app_id']}/export"))["data"]
    assert again == text
    details = [workspace.ok(workspace.console.get(f"/console/api/apps/{id_}")) for id_ in (app.id, made["app_id"])]
    stamps = ("created_at", "updated_at", "created_by", "updated_by")
    first, second = ({key: value for key, value in one["model_config"].items() if key not in stamps} for one in details)
    assert first == second


# Apps, keys, credentials


def test_apps_are_paged_filtered_renamed_and_deleted(workspace: Workspace) -> None:
    mark = uuid.uuid4().hex
    ids = [workspace.ok(workspace.console.post("/console/api/apps", json={"name": f"{mark} {at}", "mode": mode}))["id"]
           for at, mode in enumerate(("chat", "completion", "chat"))]  # fmt: skip
    def listed(**query: str) -> dict:
        found: dict = workspace.ok(workspace.console.get("/console/api/apps", params={"name": mark, **query}))
        return found

    page = listed(limit="2")
    assert [page[key] for key in ("page", "limit", "total", "has_more")] == [1, 2, 3, True]
    assert [app["id"] for app in page["data"]] == [ids[2], ids[1]], "newest first"
    assert [app["id"] for app in listed(limit="2", page="2")["data"]] == [ids[0]]
    assert [app["id"] for app in listed(mode="completion")["data"]] == [ids[1]]
    change = {"name": f"{mark} new", "description": "d", "max_active_requests": 3}
    changed = workspace.ok(workspace.console.put(f"/console/api/apps/{ids[0]}", json=change))
    assert (changed["name"], changed["description"], changed["max_active_requests"]) == (f"{mark} new", "d", 3)
    gone = workspace.console.delete(f"/console/api/apps/{ids[0]}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert listed()["total"] == 2
    off = workspace.ok(workspace.console.post(f"/console/api/apps/{ids[1]}/site-enable", json={"enable_site": False}))
    assert off["enable_site"] is False


def test_key_is_listed_in_clear_and_notes_its_use(workspace: Workspace) -> None:
    app = workspace.app()
    (key,) = workspace.ok(workspace.console.get(f"/console/api/apps/{app.id}/api-keys"))["data"]
    assert list(key) == ["id", "type", "token", "last_used_at", "created_at"]
    assert (key["type"], key["token"], key["last_used_at"]) == ("app", app.key, None)


def test_credential_is_shown_obfuscated_and_a_hidden_field_keeps_it(workspace: Workspace, model_url: str) -> None:
    path = f"{PROVIDERS}/{COMPATIBLE}/models/credentials"
    model = {"model": f"shown-{new_id()}", "model_type": "llm"}
    form = {"endpoint_url": f"{model_url}/v1", "api_key": "sk-1234567890-secret", "mode": "chat", "context_size": "4096"}
    workspace.ok(workspace.console.post(path, json={**model, "credentials": form, "name": "mine"}))
    shown = workspace.ok(workspace.console.get(path, params=model))
    assert shown["credentials"]["api_key"] == "sk-123" + "*" * 12 + "et"
    assert shown["credentials"]["endpoint_url"] == form["endpoint_url"]
    assert shown["current_credential_name"] == "mine"
    change = {
        **model, "credential_id": shown["current_credential_id"], "name": "mine",
        "credentials": {**form, "api_key": "[__HIDDEN__]", "context_size": "2048"},
    }
    workspace.ok(workspace.console.put(path, json=change))
    again = workspace.ok(workspace.console.get(path, params=model))
    assert again["credentials"]["api_key"] == shown["credentials"]["api_key"]
    assert again["credentials"]["context_size"] == "2048"
    tried = workspace.console.post(f"{path}/validate", json={**model, "credentials": {**form, "api_key": "sk-invalid"}})
    assert (tried.status_code, tried.json()["result"]) == (200, "error")
    assert "sk-invalid" not in tried.text
    gone = workspace.console.request("DELETE", path, json={**model, "credential_id": shown["current_credential_id"]})
    assert gone.status_code == 204
    assert workspace.console.get(path, params=model).json()["credentials"] == {}


def test_provider_lists_have_the_documented_shapes(workspace: Workspace) -> None:
    providers = workspace.ok(workspace.console.get(PROVIDERS))["data"]
    keys = {
        "tenant_id", "provider", "label", "description", "icon_small", "icon_small_dark", "background", "help",
        "supported_model_types", "configurate_methods", "provider_credential_schema", "model_credential_schema",
        "preferred_provider_type", "custom_configuration", "system_configuration",
    }  # fmt: skip
    assert {OPENAI, COMPATIBLE, "langgenius/gemini/google"} <= {one["provider"] for one in providers}
    for one in providers:
        assert set(one) == keys
        assert set(one["custom_configuration"]) == {
            "status", "current_credential_id", "current_credential_name", "available_credentials", "custom_models",
            "can_added_models",
        }  # fmt: skip
        for form in (one["provider_credential_schema"], one["model_credential_schema"]):
            for item in (form or {}).get("credential_form_schemas", []):
                assert {"variable", "label", "type", "required", "default", "options", "placeholder", "max_length",
                        "show_on"} == set(item)  # fmt: skip
    models = workspace.ok(workspace.console.get(f"{PROVIDERS}/{OPENAI}/models"))["data"]
    assert {"model", "label", "model_type", "features", "fetch_from", "model_properties", "deprecated", "status",
            "load_balancing_enabled"} <= set(models[0])  # fmt: skip
    short = workspace.ok(workspace.console.get(f"{PROVIDERS}/openai/models"))["data"]
    assert short == models, "short forms are accepted"
    rules = workspace.ok(
        workspace.console.get(f"{PROVIDERS}/{COMPATIBLE}/models/parameter-rules", params={"model": workspace.model})
    )["data"]
    assert {"name", "use_template", "label", "type", "help", "required", "default", "min", "max", "precision",
            "options"} == set(rules[0])  # fmt: skip


@pytest.mark.parametrize("kind", ["llm", "text-embedding", "rerank", "speech2text", "moderation", "tts"])
def test_models_are_listed_by_each_type(workspace: Workspace, kind: str) -> None:
    found = workspace.ok(workspace.console.get(f"/console/api/workspaces/current/models/model-types/{kind}"))
    assert isinstance(found["data"], list)
    bad = workspace.console.get("/console/api/workspaces/current/models/model-types/nothing")
    assert (bad.status_code, bad.json()["code"]) == (400, "invalid_param")
