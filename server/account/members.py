"""Members, their roles, invitations (console-api.md sections 2, 3 and 5): one public method is one transaction.

Who may call what is the edge's, by the protos. Here is what a transaction alone can know: that the owner
is still the owner, and that there is a seat left.

A membership begins when the invited person uses the invitation, never before: who is told the address of
an invitation to one workspace gets nothing of another that invited the same e-mail.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from server.account.member_model import (
    OWNER,
    Invitation,
    Invited,
    Invitee,
    Member,
    Membership,
    check_emails,
    check_invited_role,
    check_role,
    refusal,
)
from server.account.member_store import MemberStore
from server.account.model import check_language, check_owner_name, check_timezone
from server.account.store import AccountStore
from server.db.engine import UnitOfWork, UowFactory
from server.kit.caller import Caller
from server.kit.crypto import key_hash
from server.kit.errors import AppError, Reason, invalid_param
from server.kit.validate import id_or_none
from server.limits.quotas import MEMBERS_FULL, seats

_TOKEN_BYTES = 32
_LONGEST_NAME = 30
_GONE = frozenset({"banned", "closed"})


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What an invited person says; made by `new_person`, so its fields are valid."""

    name: str
    language: str
    timezone: str


def new_person(name: str, language: str, timezone: str) -> NewPerson:
    """Check the fields of an activation. Raises invalid_param."""
    return NewPerson(
        check_owner_name(name), check_language("interface_language", language or "en-US"),
        check_timezone(timezone or "UTC"),
    )


class MemberService:
    """Use cases of members."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def members(self, caller: Caller, role: str | None = None) -> list[Member]:
        """The members of the workspace; with ``role`` only those that have it."""
        with self._uow.reading() as uow:
            return MemberStore(uow).members(caller.tenant_id, role)

    def invite(self, caller: Caller, emails: Sequence[str], role: str, language: str) -> list[Invited]:
        """Invite people by e-mail, each once. Raises invalid-role, invalid_param; forbidden when no seat is left."""
        role = check_invited_role(role)
        addresses = check_emails(emails)
        language = check_language("language", language or "en-US")
        wanted: dict[str, str] = {}
        for email in addresses:
            if not refusal(email):
                wanted.setdefault(email.lower(), email)
        with self._uow() as uow:
            store = MemberStore(uow)
            store.lock(caller.tenant_id)
            known = store.accounts(list(wanted))
            memberships = store.memberships(caller.tenant_id, [one.account_id for one in known.values()])
            free = seats(uow, caller.tenant_id)
            seated = _seated(wanted, known, memberships, free)
            made = {wanted[email]: email.partition("@")[0][:_LONGEST_NAME] for email in seated if email not in known}
            if made:
                store.add_accounts(made, language)
                known = store.accounts(list(wanted))
            tokens = {email: secrets.token_urlsafe(_TOKEN_BYTES) for email in seated}
            if tokens:
                hashes = {known[email].account_id: key_hash(token) for email, token in tokens.items()}
                store.invite(caller.tenant_id, caller.the_account, role, hashes)
            uow.commit()
        return [_invited(email, known.get(email.lower()), memberships, tokens) for email in addresses]

    def remove(self, caller: Caller, member_id: str) -> str:
        """Take a member out of the workspace; its account's id. Raises cannot-operate-self, member-not-found."""
        with self._uow() as uow:
            store = MemberStore(uow)
            member = _other(store, caller, member_id)
            store.remove(caller.tenant_id, member.account_id)
            uow.commit()
        return member.account_id

    def set_role(self, caller: Caller, member_id: str, role: str) -> str:
        """Give a member another role; its account's id. Who gives ``owner`` away is an admin from then on.

        Raises invalid-role, cannot-operate-self, member-not-found, invalid_param.
        """
        role = check_role(role)
        with self._uow() as uow:
            store = MemberStore(uow)
            member = _other(store, caller, member_id)
            if member.role == role:
                raise invalid_param("The provided role is already assigned to the member.")
            if role == OWNER:
                if not (member.joined and store.is_active(member.account_id)):
                    raise invalid_param("role: only a member who has joined and is active can be the owner.")
                # First, since a workspace has one owner at every moment.
                store.set_role(caller.tenant_id, caller.the_account, "admin")
            store.set_role(caller.tenant_id, member.account_id, role)
            uow.commit()
        return member.account_id

    # Invitations

    def invitation(self, token: str, email: str = "", workspace_id: str = "") -> Invitation | None:
        """An invitation that can be used and is the one that the caller means."""
        with self._uow.reading() as uow:
            return _meant(MemberStore(uow).invitation(key_hash(token)), email, workspace_id)

    def activate(
        self, token: str, email: str, workspace_id: str, person: NewPerson, password_hash: str | None
    ) -> Invitation:
        """Make an invited account usable and a member; the account's id. Raises already_activate."""
        with self._uow() as uow:
            store = MemberStore(uow)
            invitation = _meant(store.invitation(key_hash(token), lock=True), email, workspace_id)
            if invitation is None or invitation.status != "pending":
                raise AppError(Reason.ALREADY_ACTIVATE)
            store.activate(
                invitation.account_id, name=person.name, interface_language=person.language,
                timezone=person.timezone, password_hash=password_hash,
            )
            _join(uow, invitation)
            uow.commit()
        return invitation

    def accept(self, token: str, account_id: str | None, password_hash: str | None = None) -> Invitation:
        """Make the account that logs in a member; one that is pending gets its first password.

        Raises already_activate: the invitation is used, too old or another account's.
        """
        with self._uow() as uow:
            store = MemberStore(uow)
            invitation = store.invitation(key_hash(token), lock=True)
            if invitation is None or invitation.account_id != account_id:
                raise AppError(Reason.ALREADY_ACTIVATE)
            if password_hash is not None:
                if invitation.status != "pending":
                    raise AppError(Reason.ALREADY_ACTIVATE)
                store.activate(invitation.account_id, password_hash=password_hash)
            _join(uow, invitation)
            uow.commit()
        return invitation


def _seated(
    wanted: dict[str, str], known: dict[str, Invitee], memberships: dict[str, Membership], free: int | None
) -> list[str]:
    """Addresses that get an invitation. Raises forbidden when somebody needs a seat and none was left."""
    seated, taken, full = [], 0, False
    for email in wanted:
        invitee = known.get(email)
        if invitee is not None and invitee.status in _GONE:
            continue
        membership = memberships.get(invitee.account_id) if invitee else None
        if membership is None and free is not None and taken >= free:
            full = True
            continue
        if membership is None or not membership.joined:
            seated.append(email)
            taken += membership is None
    if full and not taken:
        raise AppError(Reason.FORBIDDEN, MEMBERS_FULL)
    return seated


def _invited(
    email: str, invitee: Invitee | None, memberships: dict[str, Membership], tokens: dict[str, str]
) -> Invited:
    if wrong := refusal(email):
        return Invited(email, error=wrong)
    if invitee is not None and invitee.status in _GONE:
        return Invited(email, error="Account is banned.")
    if token := tokens.get(email.lower()):
        return Invited(email, token)
    membership = memberships.get(invitee.account_id) if invitee else None
    return Invited(email) if membership is not None and membership.joined else Invited(email, error=MEMBERS_FULL)


def _other(store: MemberStore, caller: Caller, member_id: str) -> Membership:
    """Another member than the caller, who is the owner still; nobody else changes members meanwhile."""
    known = id_or_none(member_id)
    if known == caller.the_account:
        raise AppError(Reason.CANNOT_OPERATE_SELF)
    store.lock(caller.tenant_id)
    found = store.memberships(caller.tenant_id, [caller.the_account, *([known] if known else [])])
    mine = found.get(caller.the_account)
    if mine is None or mine.role != OWNER:
        raise AppError(Reason.FORBIDDEN)
    if known is None or known not in found:
        raise AppError(Reason.MEMBER_NOT_FOUND)
    return found[known]


def _meant(invitation: Invitation | None, email: str, workspace_id: str) -> Invitation | None:
    """The invitation, unless the caller means another."""
    if invitation is None or (email and email.strip().lower() != invitation.email.lower()):
        return None
    return None if workspace_id and id_or_none(workspace_id) != invitation.tenant_id else invitation


def _join(uow: UnitOfWork, invitation: Invitation) -> None:
    MemberStore(uow).join(invitation.tenant_id, invitation.account_id)
    AccountStore(uow).enter(invitation.account_id, invitation.tenant_id)


