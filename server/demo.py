"""What a first start without settings leaves ready to try: an owner, a workspace, two apps, their keys."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from server.account.model import new_owner
from server.account.service import AccountService
from server.app.keys import KeyService, new_token
from server.app.model import AppFields, NewApp
from server.app.service import AppService
from server.db.engine import UnitOfWork
from server.kit.caller import Caller
from server.kit.crypto import hash_password
from server.kit.errors import AppError, Reason
from server.kit.ids import new_id, random_text

_NAME = "Demo"
_EMAIL = "owner@demo.example"
_PASSWORD_LENGTH = 18
_APPS: Mapping[str, tuple[AppFields, Mapping[str, Any]]] = {
    "chat": (
        AppFields("Demo chat", "Answers questions.", "emoji", "🤖", "#FFEAD5"),
        {
            "pre_prompt": "You are a helpful assistant.", "opening_statement": "Hello! What can I do for you?",
            "speech_to_text": {"enabled": True}, "text_to_speech": {"enabled": True, "language": "", "voice": ""},
        },
    ),
    "completion": (
        AppFields("Demo completion", "Completes a text.", "emoji", "✏️", "#E4FBCC"),
        {"pre_prompt": "{{query}}"},
    ),
}


def create_demo(
    *, accounts: AccountService, apps: AppService, keys: KeyService, kept: Path, base_url: str
) -> dict[str, str] | None:
    """Make the demo unless the instance is set up; what to log in and call with.

    ``kept`` is the file (mode 0600) that remembers it: ``base_url`` (address of the Service API), ``email``,
    ``password``, ``chat_app_id``, ``chat_app_key``, ``completion_app_id``, ``completion_app_key``. Keys that
    were deleted since are left out. None when the instance was set up by someone else.

    The file is written first and the rest is one transaction: a start that was cut off goes on
    with the same password and keys the next time.
    """
    demo = _read(kept)
    if accounts.setup_at() is None:
        demo = demo or _invent()
        _write(kept, demo)
        try:
            _make(demo, accounts, apps, keys)
        except AppError as error:
            if error.reason is not Reason.ALREADY_SETUP:
                raise
    lost = {f"{mode}_app_key" for mode in _APPS if not keys.is_known(demo.get(f"{mode}_app_key", ""))}
    if len(lost) == len(_APPS):
        return None
    return {name: value for name, value in demo.items() if name not in lost} | {"base_url": base_url}


def _invent() -> dict[str, str]:
    demo = {"email": _EMAIL, "password": f"{random_text(_PASSWORD_LENGTH)}a1"}
    for mode in _APPS:
        demo |= {f"{mode}_app_id": new_id(), f"{mode}_app_key": new_token("app")}
    return demo


def _make(demo: Mapping[str, str], accounts: AccountService, apps: AppService, keys: KeyService) -> None:
    tenant_id = new_id()
    # Read before the transaction: looking at models takes a connection of its own.
    documents = {mode: {**(apps.default_document(tenant_id, mode) or {}), **_APPS[mode][1]} for mode in _APPS}

    def fill(uow: UnitOfWork, tenant_id: str, account_id: str) -> None:
        owner = Caller(tenant_id=tenant_id, account_id=account_id, role="owner")
        for mode, (fields, _) in _APPS.items():
            new = NewApp(fields=fields, mode=mode, document=documents[mode])
            app_id = apps.add(uow, owner, new, demo[f"{mode}_app_id"])
            keys.add(uow, owner, app_id, demo[f"{mode}_app_key"])

    owner = new_owner(demo["email"], _NAME, demo["password"], "")
    accounts.setup(owner, hash_password(owner.password), tenant_id=tenant_id, also=fill)


def _read(path: Path) -> dict[str, str]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    complete = isinstance(stored, dict) and set(_invent()) <= set(stored)
    return {str(name): str(value) for name, value in stored.items()} if complete else {}


def _write(path: Path, demo: Mapping[str, str]) -> None:
    """Replace the file whole, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(dict(demo), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
