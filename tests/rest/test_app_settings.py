"""What authors say about an app and its web page, and what the instance can do, through Envoy."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.harness.product import App, Product, Workspace


@pytest.fixture
def app(workspace: Workspace) -> App:
    return workspace.app()


def post(workspace: Workspace, app: App, path: str, **body: Any) -> httpx.Response:
    return workspace.console.post(f"/console/api/apps/{app.id}/{path}", json=body)


def passport(product: Product, code: str) -> httpx.Response:
    return httpx.get(f"{product.url}/api/passport", headers={"X-App-Code": code})


def test_app_gets_another_name_and_icon(workspace: Workspace, app: App) -> None:
    named = workspace.ok(post(workspace, app, "name", name=" a new name "))
    assert (named["id"], named["name"]) == (app.id, "a new name")
    icon = {"icon": "\N{WHALE}", "icon_background": "#123456", "icon_type": "emoji"}
    shown = workspace.ok(post(workspace, app, "icon", **icon))
    assert (shown["icon"], shown["icon_background"], shown["name"]) == ("\N{WHALE}", "#123456", "a new name")
    kept = workspace.ok(post(workspace, app, "icon", icon="\N{OCTOPUS}"))
    assert kept["icon"] == "\N{OCTOPUS}"
    detail = workspace.ok(workspace.console.get(f"/console/api/apps/{app.id}"))
    assert (detail["name"], detail["icon_type"]) == ("a new name", "emoji")
    for path, body in (("name", {"name": "  "}), ("name", {"name": "n" * 256}), ("icon", {"icon_type": "song"})):
        refused = post(workspace, app, path, **body)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_param")


def test_site_takes_what_is_sent_and_keeps_the_rest(workspace: Workspace, app: App, product: Product) -> None:
    before = workspace.ok(workspace.console.get(f"/console/api/apps/{app.id}"))["site"]
    sent = {
        "title": "Sea", "description": "of whales", "default_language": "ja-JP", "chat_color_theme": "#001122",
        "chat_color_theme_inverted": True, "copyright": "us", "privacy_policy": "https://a.example/p",
        "custom_disclaimer": "no advice", "customize_token_strategy": "allow", "prompt_public": True,
        "show_workflow_steps": False, "use_icon_as_answer_icon": True,
    }  # fmt: skip
    changed = workspace.ok(post(workspace, app, "site", **sent))
    assert {name: changed[name] for name in sent} == sent
    assert (changed["code"], changed["icon"]) == (before["code"], before["icon"])
    again = workspace.ok(post(workspace, app, "site", copyright="", prompt_public=False))
    assert (again["copyright"], again["prompt_public"], again["title"]) == (None, False, "Sea")
    token = passport(product, before["code"]).json()["access_token"]
    shown = httpx.get(f"{product.url}/api/site", headers={"X-App-Passport": token}).json()["site"]
    assert (shown["title"], shown["custom_disclaimer"], shown["default_language"]) == ("Sea", "no advice", "ja-JP")


@pytest.mark.parametrize(
    "body",
    [
        {"custom_disclaimer": "x" * 513}, {"default_language": "klingon!"}, {"customize_token_strategy": "perhaps"},
        {"title": ""}, {"title": "t" * 256}, {"icon_type": "song"},
    ],
)  # fmt: skip
def test_site_that_cannot_be_is_refused(workspace: Workspace, app: App, body: dict[str, Any]) -> None:
    refused = post(workspace, app, "site", **body)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_param")
    assert next(iter(body)) in refused.json()["message"]


def test_new_address_of_a_page_ends_the_old_one_at_once(workspace: Workspace, app: App, product: Product) -> None:
    old = workspace.ok(workspace.console.get(f"/console/api/apps/{app.id}"))["site"]["code"]
    headers = {"X-App-Passport": passport(product, old).json()["access_token"]}
    assert httpx.get(f"{product.url}/api/meta", headers=headers).status_code == 200
    site = workspace.ok(post(workspace, app, "site/access-token-reset"))
    assert site["code"] == site["access_token"] != old
    refused = httpx.get(f"{product.url}/api/meta", headers=headers)
    assert (refused.status_code, refused.json()["message"]) == (400, "Site URL is no longer valid.")
    assert (passport(product, old).status_code, passport(product, site["code"]).status_code) == (404, 200)


@pytest.mark.parametrize("path", ["/console/api/system-features", "/api/system-features"])
def test_features_of_the_instance_are_told_to_everybody_as_recorded(product: Product, path: str) -> None:
    body = httpx.get(f"{product.url}{path}").json()
    assert body == {
        "sso_enforced_for_signin": False, "sso_enforced_for_signin_protocol": "", "enable_marketplace": False,
        "max_plugin_package_size": 15728640, "enable_email_code_login": False, "enable_email_password_login": True,
        "enable_social_oauth_login": False, "is_allow_register": False, "is_allow_create_workspace": False,
        "is_email_setup": False,
        "license": {
            "status": "none", "expired_at": "", "workspaces": {"enabled": False, "size": 0, "limit": 0},
        },
        "branding": {
            "enabled": False, "application_title": "", "login_page_logo": "", "workspace_logo": "", "favicon": "",
        },
        "webapp_auth": {
            "enabled": False, "allow_sso": False, "sso_config": {"protocol": ""}, "allow_email_code_login": False,
            "allow_email_password_login": False,
        },
        "plugin_installation_permission": {
            "plugin_installation_scope": "all", "restrict_to_marketplace_only": False,
        },
        # Dify says true; nothing here confirms an address.
        "enable_change_email": False, "plugin_manager": {"enabled": False}, "trial_models": [],
        "enable_trial_app": False, "enable_explore_banner": False,
    }  # fmt: skip


def test_page_of_another_site_may_call_with_a_passport(workspace: Workspace, app: App, product: Product) -> None:
    origin = {"Origin": "https://shop.example"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-app-code,x-app-passport"}
    preflight = httpx.options(f"{product.url}/api/chat-messages", headers={**origin, **asked})
    allowed = preflight.headers["access-control-allow-headers"].split(", ")
    assert {"x-app-code", "x-app-passport", "content-type", "last-event-id"} <= set(allowed)
    assert preflight.headers["access-control-allow-origin"] == "https://shop.example"
    # Cookies of a visitor are not for other sites: the passport comes in its header.
    assert preflight.headers.get("access-control-allow-credentials") != "true"
    code = workspace.ok(workspace.console.get(f"/console/api/apps/{app.id}"))["site"]["code"]
    given = httpx.get(f"{product.url}/api/passport", headers={**origin, "X-App-Code": code})
    headers = {**origin, "X-App-Passport": given.json()["access_token"]}
    body = {"inputs": {}, "query": "hi", "response_mode": "blocking"}
    reply = httpx.post(f"{product.url}/api/chat-messages", json=body, headers=headers)
    assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (200, "https://shop.example")


# Uploads of members


def upload(workspace: Workspace, name: str, data: bytes) -> str:
    file = {"file": (name, data, "application/octet-stream")}
    made = workspace.console.post("/console/api/files/upload", files=file, data={"source": "datasets"})
    return str(workspace.ok(made)["id"])


def test_beginning_of_a_documents_text_is_shown(workspace: Workspace) -> None:
    text = "Über Wale. " * 400
    for name, data in (("sea.md", text.encode()), ("sea.csv", b"a,b\nwhale,shark\n")):
        shown = workspace.ok(workspace.console.get(f"/console/api/files/{upload(workspace, name, data)}/preview"))
        assert list(shown) == ["content"]
        assert shown["content"] == text[:3000] if name == "sea.md" else "whale" in shown["content"]


@pytest.mark.parametrize(
    ("name", "data", "status", "code"),
    [("broken.pdf", b"no pdf at all", 400, "invalid_param"), ("", b"", 404, "not_found")],
)
def test_upload_without_a_text_shows_none(
    workspace: Workspace, name: str, data: bytes, status: int, code: str
) -> None:
    file = upload(workspace, name, data) if name else "01a2139d-a19d-793c-bb21-a12173cfd64a"
    reply = workspace.console.get(f"/console/api/files/{file}/preview")
    assert (reply.status_code, reply.json()["code"]) == (status, code)


def test_picture_is_no_document_to_preview(workspace: Workspace) -> None:
    made = workspace.console.post("/console/api/files/upload", files={"file": ("a.png", b"x", "image/png")})
    reply = workspace.console.get(f"/console/api/files/{workspace.ok(made)['id']}/preview")
    assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_file_type")
