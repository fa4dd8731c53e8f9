"""What callers notice while workers are killed, hang and run out of memory, and while clients misbehave."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psutil
import pytest

from scripts.server import TorchServe
from tests.faults.breaking import (
    BROKEN,
    HASTY_S,
    LOST_SEED,
    OUT_OF_MEMORY_SEED,
    PATIENT_S,
    RECOVERY_S,
    ask,
    at_once,
    french,
    kill_workers,
    spanish,
    under_load,
    wait_ready,
    worker_pids,
)
from tests.server.listening import heard, refused

pytestmark = pytest.mark.server


PATIENT = tuple(f"Patience, numéro {word}." for word in ("un", "deux", "trois", "cinq"))


def test_an_archive_in_ruins_is_named_and_all_others_are_served(server: TorchServe) -> None:
    heard(spanish(server))

    answer = ask(server, "Buongiorno a tutti.", language="it")

    assert answer.status_code in {502, 503}
    assert BROKEN in answer.json()["detail"]
    assert f"{BROKEN}.mar" in server.logs()


def test_a_text_that_kills_its_worker_is_refused_as_poison_and_its_batch_mates_are_spoken(
    server: TorchServe,
) -> None:
    with at_once(server, "Bonjour à tous.", "Meurs.", "Merci beaucoup.", "À demain.") as answers:
        heard(spanish(server))
        first, deadly, *others = [answer.result() for answer in answers]

    for answer in (first, *others):
        heard(answer)
    assert refused(deadly, 500)["code"] == "poison"
    before = worker_pids(server, "f5_fr")
    assert refused(french(server, "Meurs.", seed=99), 500)["code"] == "poison"
    assert worker_pids(server, "f5_fr") == before, "the worker was lost once more"


def test_no_caller_notices_that_a_language_worker_is_killed_and_it_is_back_soon(
    server: TorchServe,
) -> None:
    with under_load(server, 3, "Bonjour.") as load:
        time.sleep(1.0)
        kill_workers(server, "f5_fr")
        time.sleep(0.5)
        took_s = wait_ready(server, "f5_fr", deadline_s=RECOVERY_S)
        heard(french(server, "Merci."))

    assert set(load.answers) == {200}, (load.answers, took_s)


def test_only_its_own_request_is_lost_with_a_router_worker(server: TorchServe) -> None:
    with at_once(server, *PATIENT) as answers:
        time.sleep(PATIENT_S / 2)
        kill_workers(server, "tts")
        statuses = sorted(answer.result().status_code for answer in answers)

    assert statuses[:3] == [200, 200, 200], statuses
    assert statuses[3] in {200, 500, 507}, statuses
    wait_ready(server, "tts", deadline_s=RECOVERY_S)
    heard(french(server, "Bonjour."))


def test_a_stuck_worker_costs_504_in_time_others_are_served_and_torchserve_ends_it(
    server: TorchServe,
) -> None:
    stuck = worker_pids(server, "f5_fr")
    started = time.monotonic()
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(ask, server, "Dors.", "hasty", language="fr")
        time.sleep(0.5)
        heard(spanish(server))
        late = answer.result()
        took_s = time.monotonic() - started

    assert refused(late, 504)["code"] == "deadline_exceeded"
    assert took_s < HASTY_S + 2.0, took_s
    heard(french(server, "Bonjour."))  # it waits until TorchServe has ended the worker that hangs
    assert worker_pids(server, "f5_fr") != stuck


def test_memory_that_runs_out_under_one_piece_is_told_to_its_caller_alone(
    server: TorchServe,
) -> None:
    before = worker_pids(server, "f5_fr")
    seeds = (1, OUT_OF_MEMORY_SEED, 2, 3)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda seed: ask(server, "Bonjour.", "f5_fr", seed=seed), seeds))

    assert refused(answers.pop(1), 507)["code"] == "out_of_memory"
    for answer in answers:
        heard(answer)
    assert worker_pids(server, "f5_fr") == before


def test_no_caller_notices_that_a_worker_ends_because_its_device_is_lost(
    server: TorchServe,
) -> None:
    before = worker_pids(server, "f5_fr")
    with ThreadPoolExecutor(3) as threads:
        answers = list(
            threads.map(lambda seed: french(server, "Bonjour.", seed=seed), (1, LOST_SEED, 2))
        )

    for answer in answers:
        heard(answer)
    assert "the device is lost" in server.logs()
    assert worker_pids(server, "f5_fr") != before


def test_clients_that_are_slow_or_gone_take_nothing_from_the_others(server: TorchServe) -> None:
    java = psutil.Process(server.pid)
    before = java.num_fds()
    place = urlsplit(server.inference_url)
    body = b'{"text": "Patience.", "language": "fr", "steps": 4}'
    head = (
        b"POST /predictions/tts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    )

    def opened() -> socket.socket:
        return socket.create_connection((place.hostname, place.port), timeout=10)

    slow = [opened() for _ in range(50)]
    for client in slow:
        client.sendall(head[:40])
    for _ in range(3):
        with opened() as gone:
            gone.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    heard(french(server, "Bonjour."))
    heard(spanish(server))
    for client in slow:
        client.close()

    end = time.monotonic() + 60.0
    while (left := java.num_fds()) > before + 5 and time.monotonic() < end:
        time.sleep(0.5)
    assert left <= before + 5


def test_a_slow_language_does_not_hold_up_another(server: TorchServe) -> None:
    with at_once(server, *["Patience."] * 2):
        time.sleep(0.3)
        started = time.monotonic()
        answer = spanish(server)
        took_s = time.monotonic() - started

    heard(answer)
    assert took_s < 2 * PATIENT_S
