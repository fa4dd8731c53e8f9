"""What TorchServe drops when a worker ends while a batch is being gathered."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

from scripts.server import TorchServe
from tests.faults.breaking import GATHERING, GATHERING_S, RECOVERY_S, ask, kill_workers, wait_ready
from tests.server.listening import heard


def test_a_piece_that_is_dropped_with_its_worker_is_spoken_after_all(server: TorchServe) -> None:
    with ThreadPoolExecutor(2) as threads:
        answers = [
            threads.submit(ask, server, text, language="fi") for text in ("Huomenta.", "Kiitos.")
        ]
        time.sleep(GATHERING_S / 4)
        kill_workers(server, GATHERING)
        for answer in answers:
            heard(answer.result())

    wait_ready(server, GATHERING, deadline_s=RECOVERY_S)
    # Otherwise TorchServe has told of the death, and this has shown nothing.
    text = (server.options.logs / "model_log.log").read_text(encoding="utf-8")
    forgotten = [
        line for line in map(json.loads, text.splitlines()) if line["message"] == "forgotten"
    ]
    assert [line["model"] for line in forgotten] == [GATHERING, GATHERING]
