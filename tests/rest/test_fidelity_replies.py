"""What every reply of the Service API has in common, through Envoy (service-api.md 1.3)."""

from __future__ import annotations

from tests.harness.product import Workspace


def test_connection_serves_on_after_an_empty_reply(workspace: Workspace) -> None:
    app = workspace.app()
    first, second = (app.send(query).json()["conversation_id"] for query in ("one", "two"))
    # One connection; a client that takes gzip once got the empty body compressed, and read it as the next reply.
    app.http.headers["Accept-Encoding"] = "gzip"
    for conversation in (first, second):
        gone = app.http.request("DELETE", f"/v1/conversations/{conversation}", json={"user": "u"})
        assert (gone.status_code, gone.content) == (204, b"")
        assert not {"content-encoding", "content-length", "content-type"} & set(gone.headers)
    assert app.http.get("/v1/conversations", params={"user": "u"}).json()["data"] == []
