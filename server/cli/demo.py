"""`transom demo`: what a first start leaves ready to try."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import click

from server.cli.admin import explained
from server.cli.environment import connected_settings
from server.settings import Settings

_KEPT = "demo.json"
# What is asked of each app of the demo: title, path, body.
_CALLS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "chat_app_key": (
        "Stream a chat", "chat-messages",
        {"inputs": {}, "query": "What is the capital of France? Answer in one word."},
    ),
    "completion_app_key": (
        "Complete a text", "completion-messages", {"inputs": {"query": "Write one sentence about the sea."}},
    ),
}


@click.command()
def demo() -> None:
    """Make the demo workspace, unless the instance was set up otherwise, and print how to call it.

    The owner's password and the keys are kept in demo.json in the data folder.
    """
    settings = connected_settings()
    kept = Path(settings.data_dir) / _KEPT
    made = explained(partial(_make, settings, kept))
    if made is None:
        click.echo("The instance is set up without the demo: log in at its Console API, or see `transom key list`.")
    else:
        click.echo(_shown(made, kept))


async def _make(settings: Settings, kept: Path) -> dict[str, str] | None:
    from server.bootstrap import build_admin
    from server.demo import create_demo

    async with AsyncExitStack() as stack:
        admin = await build_admin(settings, stack)
        services = admin.services
        create = partial(
            create_demo, accounts=services.accounts, apps=services.apps, keys=services.keys, kept=kept,
            base_url=f"{settings.public_url}/v1",
        )
        return await admin.db(create)


def _shown(made: Mapping[str, str], kept: Path) -> str:
    """Lines to read and paste."""
    lines = [f"Owner: {made['email']}, password {made['password']} (kept in {kept})"]
    for name, (title, path, body) in _CALLS.items():
        if key := made.get(name):
            lines += ["", f"{title}:", _curl(f"{made['base_url']}/{path}", key, body)]
    return "\n".join(lines)


def _curl(url: str, key: str, body: Mapping[str, Any]) -> str:
    """A command for a shell; the texts hold no single quote."""
    text = json.dumps({**body, "user": "me", "response_mode": "streaming"})
    return (
        f"  curl -N {url} \\\n"
        f"    -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\\n"
        f"    -d '{text}'"
    )
