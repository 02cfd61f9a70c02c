"""Many chats at once, with the default settings, and a server process that is killed at some moment."""

from __future__ import annotations

import random
import time
from pathlib import Path

from tests.durability.cluster import SWEPT_WITHIN, Viewer, cluster, numbers, words
from tests.harness.stores import DataStores
from tests.rest.sse import answer

_CHATS = 64


def test_g1_g5_64_chats_and_a_killed_server_keep_every_message_and_end_every_run_within_30_seconds(
    stores: DataStores, tmp_path: Path, model_url: str
) -> None:
    with cluster(stores, tmp_path, model_url) as running:
        app = running.workspace.app(model="paced@tokens=60,delay=50")
        viewers = [Viewer(app, f"question {at}") for at in range(_CHATS)]
        deadline = time.monotonic() + 60
        while sum(len(viewer.events) > 5 for viewer in viewers) < _CHATS // 4:
            assert time.monotonic() < deadline, "the chats begin"
            time.sleep(0.01)
        time.sleep(random.uniform(0, 1))
        running.product.kill("server-1")
        killed = time.time()
        running.product.start("server-1")
        for viewer in viewers:
            viewer.join()
        accepted = [viewer for viewer in viewers if viewer.events]
        broken = [viewer for viewer in accepted if not viewer.has_ended]
        assert broken, "some chats were cut"
        for viewer in broken:
            viewer.rejoin()
        (swept,) = running.rows("SELECT extract(epoch FROM max(finished_at)) AS at FROM runs WHERE status = 'failed'")
        assert float(swept["at"]) - killed < SWEPT_WITHIN
        for viewer in accepted:
            message = viewer.message()
            assert numbers(viewer.events) == list(range(1, len(viewer.events) + 1))
            assert message["query"].startswith("question ")
            if viewer.events[-1]["event"] == "message_end":
                assert (message["status"], message["answer"]) == ("normal", words(60).strip())
            else:
                assert message["status"] == "error"
                assert words(60).startswith(answer(viewer.events))
                assert words(60).startswith(message["answer"].strip())
        for viewer in viewers:
            if not viewer.events:
                # An open stream, though without an event yet, is an accepted message too.
                assert (viewer.status == 200 and viewer.find()) or viewer.status == 503, (viewer.status, viewer.error)
        assert running.rows("SELECT 1 FROM runs WHERE status = 'running'") == []
