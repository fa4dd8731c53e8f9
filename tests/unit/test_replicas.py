"""Where the language models are: what the environment says, and what DNS answers."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec
import pytest

from f5serve.errors import ConfigurationError
from f5serve.routing.replicas import KEPT_S, Directory, by_dns, placed
from f5serve.settings import Backend, RouterSettings

URL = "http://shard-a.f5serve.svc:8000/predictions/f5_fr"


def settings() -> RouterSettings:
    return RouterSettings(
        backends=tuple(
            Backend(
                model=model,
                url=f"http://127.0.0.1:8080/predictions/{model}",
                languages=(model[-2:],),
                licence="MIT",
                commercial_use=True,
            )
            for model in ("f5_fr", "f5_es")
        ),
        voices=(),
    )


def urls(environment: dict[str, str]) -> list[list[str]]:
    return [[one.url, *one.more_urls] for one in placed(settings(), environment).backends]


class Names:
    """A name server with scripted answers."""

    def __init__(self, *answers: list[str] | OSError) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


def test_without_a_word_the_models_stay_where_packaging_put_them() -> None:
    assert urls({}) == [
        ["http://127.0.0.1:8080/predictions/f5_fr"],
        ["http://127.0.0.1:8080/predictions/f5_es"],
    ]


def test_one_address_moves_them_all() -> None:
    assert urls({"F5SERVE_INFERENCE_ADDRESS": "http://127.0.0.1:9080"}) == [
        ["http://127.0.0.1:9080/predictions/f5_fr"],
        ["http://127.0.0.1:9080/predictions/f5_es"],
    ]


@pytest.mark.parametrize(
    "told",
    [
        "f5_fr=http://a:8000,f5_fr=http://b:8000",
        " f5_fr=http://a:8000/ ,\n f5_fr=http://b:8000,",
        '{"f5_fr": ["http://a:8000", "http://b:8000"]}',
    ],
)
def test_a_single_model_may_be_elsewhere_and_at_several_places(told: str) -> None:
    environment = {"F5SERVE_BACKENDS": told, "F5SERVE_INFERENCE_ADDRESS": "http://127.0.0.1:9080"}

    assert urls(environment) == [
        ["http://a:8000/predictions/f5_fr", "http://b:8000/predictions/f5_fr"],
        ["http://127.0.0.1:9080/predictions/f5_es"],
    ]


@pytest.mark.parametrize(
    "environment",
    [
        {"F5SERVE_INFERENCE_ADDRESS": "localhost:9080"},
        {"F5SERVE_INFERENCE_ADDRESS": "http://"},
        {"F5SERVE_BACKENDS": "f5_fr=http://a:port"},
        {"F5SERVE_BACKENDS": "f5_fr=http://a:0"},
        {"F5SERVE_BACKENDS": "f5_fr=ftp://a"},
    ],
)
def test_an_address_that_is_none_is_refused_at_start(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="is no address"):
        placed(settings(), environment)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("f5_de=http://a:8000", "there are f5_fr, f5_es"),
        ("http://a:8000", "is not of the form"),
        ('{"f5_fr": 3}', "is no JSON object"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused_at_start(told: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        placed(settings(), {"F5SERVE_BACKENDS": told})


def test_models_of_which_each_has_several_workers_do_not_answer_in_order() -> None:
    def in_order(environment: dict[str, str]) -> list[bool]:
        return [one.in_order for one in placed(settings(), environment).backends]

    assert in_order({"F5SERVE_WORKERS": "2"}) == [False, False]
    assert in_order({"F5SERVE_WORKERS": "1"}) == in_order({"F5SERVE_WORKERS": ""}) == [True, True]


def test_one_worker_does_not_make_an_archive_s_several_answer_in_order() -> None:
    several = msgspec.structs.replace(
        settings(),
        backends=tuple(msgspec.structs.replace(one, in_order=False) for one in settings().backends),
    )

    told = placed(several, {"F5SERVE_WORKERS": "1"}).backends

    assert [one.in_order for one in told] == [False, False]


def test_workers_that_are_no_number_are_refused_at_start() -> None:
    with pytest.raises(ConfigurationError, match="F5SERVE_WORKERS='two' is not a number"):
        placed(settings(), {"F5SERVE_WORKERS": "two"})


def test_each_address_of_a_host_is_a_replica_that_is_called_by_the_hosts_name() -> None:
    directory = Directory(lambda host, port: ["10.0.0.1", "fd00::1"])

    replicas = directory.of(URL)

    assert [one.url for one in replicas] == [
        "http://10.0.0.1:8000/predictions/f5_fr",
        "http://[fd00::1]:8000/predictions/f5_fr",
    ]
    assert {one.host for one in replicas} == {"shard-a.f5serve.svc:8000"}


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/predictions/f5_fr", "https://shard-a/predictions/f5_fr"]
)
def test_an_address_and_a_certified_name_are_taken_as_they_are(url: str) -> None:
    names = Names(["10.0.0.1"])

    assert [one.url for one in Directory(names).of(url)] == [url]
    assert names.asked == 0


def test_an_answer_is_kept_for_a_while_and_then_renewed_beside_the_request() -> None:
    names = Names(["10.0.0.1"], ["10.0.0.1", "10.0.0.2"])
    now = [0.0]
    directory = Directory(names, clock=lambda: now[0])

    assert len(directory.of(URL)) == len(directory.of(URL)) == 1
    assert names.asked == 1
    now[0] = KEPT_S + 1
    directory.of(URL)
    for _ in range(100):
        if len(directory.of(URL)) == 2:
            break
        time.sleep(0.01)
    assert len(directory.of(URL)) == 2
    assert names.asked == 2


def test_when_names_are_no_longer_answered_the_last_addresses_stay() -> None:
    names = Names(["10.0.0.1"], OSError("no name server"))
    now = [0.0]
    directory = Directory(names, clock=lambda: now[0])
    directory.of(URL)

    now[0] = KEPT_S + 1
    directory.of(URL)
    for _ in range(100):
        if names.asked == 2:
            break
        time.sleep(0.01)

    assert [one.url for one in directory.of(URL)] == ["http://10.0.0.1:8000/predictions/f5_fr"]


def test_a_host_that_was_never_known_has_no_replicas() -> None:
    assert Directory(Names(OSError("unknown"))).of(URL) == ()


def test_dns_answers_the_loopback_of_this_machine() -> None:
    assert "127.0.0.1" in by_dns("localhost", 80)
