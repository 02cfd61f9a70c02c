"""`transom account`: people who administer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from server.cli.admin import run_on_instance
from server.kit.ids import random_text

if TYPE_CHECKING:
    from server.bootstrap import Admin

# Letters and digits; with one of each in front it meets the rule of passwords whatever comes.
_CHARACTERS = 18


@click.group()
def account() -> None:
    """Let people in again who lost their password."""


@account.command()
@click.argument("email")
def reset(email: str) -> None:
    """Give the account of EMAIL a new password and print it; its sessions end.

    There is no mail for forgotten passwords: hand it on, and have it changed.
    """
    password = f"p1{random_text(_CHARACTERS)}"

    async def work(admin: Admin) -> None:
        from server.account.passwords import Passwords

        passwords = Passwords()
        try:
            hashed = await passwords.hash(password)
        finally:
            passwords.close()
        account_id = await admin.db(admin.services.accounts.reset_password, email, hashed)
        await admin.bus.publish("account", account_id)

    run_on_instance(work)
    click.echo(password)
