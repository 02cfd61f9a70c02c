"""G3 for a client that does not read: the run goes on, the client is told where to resume."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

from tests.durability.cluster import Cluster, numbers, polled
from tests.rest.sse import answer, event, frames

# Together more than all buffers between a server process and a client.
_WORDS, _SIZE = 1500, 8000


def test_g3_client_that_does_not_read_is_cut_off_with_the_id_to_resume_from(standing: Cluster) -> None:
    app = standing.workspace.app(model="echo@text={user}")
    query = " ".join(f"{at:04d}{'x' * (_SIZE - 4)}" for at in range(_WORDS))
    body = json.dumps({"inputs": {}, "user": "slow", "query": query, "response_mode": "streaming"}).encode()
    host = urlsplit(standing.product.url)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(60)
        client.connect((host.hostname, host.port))
        head = (
            "POST /v1/chat-messages HTTP/1.1", "Host: localhost", f"Authorization: Bearer {app.key}",
            "Content-Type: application/json", "Last-Event-ID: 0", f"Content-Length: {len(body)}", "Connection: close",
        )
        client.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        polled(
            lambda: [row["status"] for row in standing.rows("SELECT status FROM runs WHERE app_id = %s", app.id)],
            ["succeeded"], "the run ended without its reader", seconds=60,
        )
        raw = b""
        while piece := client.recv(1 << 20):
            raw += piece
    seen = [event(frame) for frame in frames([_unchunked(raw)])]
    cut = seen.pop()
    assert (cut["event"], cut["code"], cut["status"]) == ("error", "too_many_requests", 429)
    assert cut["_id"] == seen[-1]["_id"]
    assert f"Last-Event-ID: {seen[-1]['_id']}" in cut["message"]
    with app.http.stream(
        "GET", f"/v1/chat-messages/{seen[0]['task_id']}/events", params={"user": "slow"},
        headers={"Last-Event-ID": str(seen[-1]["_id"])},
    ) as reply:
        rest = [event(frame) for frame in frames(reply.iter_text())]
    events = [item for item in (*seen, *rest) if item["event"] != "ping"]
    assert numbers(events) == list(range(1, _WORDS + 2))
    assert answer(events) == query


def _unchunked(raw: bytes) -> str:
    head, _, rest = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        body += rest[:length]
        rest = rest[length + 2 :]
    return body.decode()
