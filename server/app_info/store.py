"""SQL of app information."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from server.db.engine import UnitOfWork
from server.db.tables import accounts, apps, end_users, sites, tag_bindings, tags, upload_files

_ABOUT = sa.select(
    sa.select(accounts.c.name).where(accounts.c.id == apps.c.created_by).scalar_subquery().label("author_name"),
    sa.select(sa.func.array_agg(aggregate_order_by(tags.c.name, tags.c.name)))
    .join(tag_bindings, tag_bindings.c.tag_id == tags.c.id)
    .where(tag_bindings.c.target_id == apps.c.id, tags.c.tenant_id == apps.c.tenant_id, tags.c.type == "app")
    .scalar_subquery()
    .label("tags"),
).where(apps.c.id == sa.bindparam("app"), apps.c.tenant_id == sa.bindparam("tenant"))
# The icon of a site is a file of the same workspace, or no file at all: an id from elsewhere gets no link.
_SITE = (
    sa.select(sites, upload_files.c.id.label("icon_file_id"))
    .outerjoin(
        upload_files,
        sa.and_(
            sites.c.icon_type == "image", sa.cast(upload_files.c.id, sa.Text) == sites.c.icon,
            upload_files.c.tenant_id == sites.c.tenant_id,
        ),
    )
    .where(
        sites.c.app_id == sa.bindparam("app"), sites.c.tenant_id == sa.bindparam("tenant"), sites.c.status == "normal"
    )
)
_END_USER = sa.select(end_users).where(
    end_users.c.id == sa.bindparam("id"), end_users.c.app_id == sa.bindparam("app"),
    end_users.c.tenant_id == sa.bindparam("tenant"),
)


Row = sa.Row[Any]


class AppInfoStore:
    """Reads about one app."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def about(self, tenant_id: str, app_id: str) -> Row | None:
        """``author_name`` and ``tags``, either None."""
        return self._uow.execute(_ABOUT, {"tenant": tenant_id, "app": app_id}).one_or_none()

    def site(self, tenant_id: str, app_id: str) -> Row | None:
        """The app's site; ``icon_file_id`` is set when its icon is an upload."""
        return self._uow.execute(_SITE, {"tenant": tenant_id, "app": app_id}).one_or_none()

    def end_user(self, tenant_id: str, app_id: str, end_user_id: str) -> Row | None:
        """One end user of the app."""
        parameters = {"tenant": tenant_id, "app": app_id, "id": end_user_id}
        return self._uow.execute(_END_USER, parameters).one_or_none()
