"""Who calls: made once by the edge, handed to services as an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AppContext:
    """The app behind an app key, as it was when the key was last looked up (a few seconds at most)."""

    app_id: str
    tenant_id: str
    key_id: str
    name: str
    description: str
    mode: str
    status: str
    enable_api: bool
    tenant_status: str
    has_owner: bool
    app_config_id: str | None
    # The stored model_config document (app-dsl.md section 5); None for workflow modes.
    document: Mapping[str, Any] | None
    workflow_id: str | None
    max_active_requests: int
    created_by: str | None
    # Calls a minute that the workspace allows one key and one end user; None: as the settings say.
    key_rate: int | None = None
    user_rate: int | None = None
    # Executions of workflows that the workspace allows itself in a month; None: any number.
    workflow_executions: int | None = None


@dataclass(frozen=True, slots=True)
class EndUser:
    """The end user named by `user`; the same text in two apps is two end users."""

    id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Identity of one call. ``app`` for app keys, ``account_id`` and ``role`` for the console."""

    tenant_id: str = ""
    app: AppContext | None = None
    end_user: EndUser | None = None
    account_id: str | None = None
    role: str = ""
    # A dataset key speaks in the account's name: what was made through it says so, and it sees API switches.
    by_key: bool = False
    # The instance's admin key, which acts in the owner's name.
    by_admin_key: bool = False
    # How an end user came: "service-api" or "web-app"; "debugger": a member tries an app out. Conversations of one
    # way are not listed on the other.
    via: str = "service-api"

    @property
    def the_app(self) -> AppContext:
        """The app, on RPCs whose policy asks for an app key."""
        assert self.app is not None, "the policy of this RPC asks for no app key"
        return self.app

    @property
    def the_user(self) -> EndUser:
        """The end user, on RPCs whose policy names one."""
        assert self.end_user is not None, "the policy of this RPC names no end user"
        return self.end_user

    @property
    def the_account(self) -> str:
        """The account id, on console RPCs."""
        assert self.account_id is not None, "the policy of this RPC asks for no account"
        return self.account_id

    @property
    def asker(self) -> str:
        """Id of who asks an app: an end user, or a member who tries it out."""
        return self.end_user.id if self.end_user is not None else self.the_account
