"""Health, readiness, metrics; headers and errors of the whole app."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Blueprint, Response
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from bot.edge.ports import CacheUnavailable
from store.engine.transactions import StoreUnavailable
from tests.kit.world import make_world
from web.health import readiness

FAR = {"REMOTE_ADDR": "203.0.113.9"}
TOKEN = {"Authorization": "Bearer metrics-token"}


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.close()


@pytest.fixture
def client(world):
    return world.client()


class _Away:
    """A database that does not answer."""

    def read(self, _work):
        raise StoreUnavailable("OperationalError")

    write = read

    def close(self):
        pass


@pytest.fixture
def without_database(world):
    kept, world.deps.store = world.deps.store, _Away()
    yield world
    world.deps.store = kept


def test_healthz_answers_though_everything_behind_is_down(without_database):
    answer = without_database.client().get("/healthz", environ_base=FAR)
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_readyz_shows_the_figures_and_redis_away_is_no_reason_to_be_unready(world, client):
    world.inquiry()
    world.clock.forward(90)
    found = client.get("/readyz").json
    assert found["ready"] is True
    assert (found["redis"], found["database"], found["calendar_known"]) == (False, True, True)
    assert (found["queue_due"], found["queue_age_seconds"], found["spool"]) == (2, 90.0, 0)
    assert any("redis away" in note for note in found["notes"])
    assert found["disk_free_mb"] > 0


def test_readyz_is_503_without_the_database(without_database):
    without_database.deps.spool.put({"a": 1})
    answer = without_database.client().get("/readyz")
    assert answer.status_code == 503
    assert (answer.json["ready"], answer.json["database"], answer.json["spool"]) == (False, False, 1)


def test_readyz_tells_strangers_the_verdict_only(client):
    assert client.get("/readyz", environ_base=FAR).json == {"ready": True}


def test_the_calendar_is_unknown_once_a_promise_may_fall_into_an_unannounced_year(world):
    world.clock.forward(10 * 24 * 3600)
    found = readiness(world.deps, world.settings, redis_answers=True)
    assert found["calendar_known"] is False
    assert found["ready"] is True
    assert len(found["notes"]) == 1


@pytest.mark.parametrize(
    ("environ", "headers", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, {}, 200),
        ({"REMOTE_ADDR": "::1"}, {}, 200),
        ({"REMOTE_ADDR": "127.0.0.1"}, {"X-Forwarded-For": "203.0.113.9"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1"}, {"X-Forwarded-For": "203.0.113.9"} | TOKEN, 200),
        (FAR, {}, 403),
        (FAR, TOKEN, 200),
        (FAR, {"Authorization": "Bearer metrics-tokeN"}, 403),
        (FAR, {"Authorization": "Bearer "}, 403),
        (FAR, {"Authorization": "Bearer \xfc"}, 403),
        ({"REMOTE_ADDR": "unix:"}, {}, 403),
    ],
)
def test_metrics_are_for_loopback_or_the_token(client, environ, headers, status):
    assert client.get("/metrics", environ_base=environ, headers=headers).status_code == status


def test_an_empty_token_opens_nothing(tmp_path):
    world = make_world(tmp_path)
    world.settings = type(world.settings)(
        world.settings.data_dir, world.settings.redis, type(world.settings.metrics_token)("")
    )
    answer = world.client().get("/metrics", environ_base=FAR, headers={"Authorization": "Bearer "})
    world.close()
    assert answer.status_code == 403


def figures(answer):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_gauges_are_as_fresh_as_the_scrape(world, client):
    class Channel:
        def age_of_token(self):
            return timedelta(seconds=77)

    class Blind:
        def age_of_token(self):
            raise CacheUnavailable

    world.deps.channels = {"wechat": Channel(), "other": Blind()}
    world.inquiry()
    world.clock.forward(30)
    world.deps.spool.put({"a": 1})
    found = figures(client.get("/metrics"))
    assert found["wenzheng_queue_age_seconds",] == 30
    assert found["wenzheng_queue_due",] == 2
    assert found["wenzheng_spool_messages",] == 1
    assert found["wenzheng_token_age_seconds", "wechat"] == 77
    assert ("wenzheng_token_age_seconds", "other") not in found


def test_metrics_come_though_the_database_is_away(without_database):
    answer = without_database.client().get("/metrics")
    assert answer.status_code == 200
    assert "wenzheng_spool_messages" in answer.text


def test_several_processes_are_read_from_their_folder(client, tmp_path, monkeypatch):
    folder = tmp_path / "metrics"
    folder.mkdir()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert figures(answer) == {}  # no process has written there yet; this one's own registry is not mixed in
    assert REGISTRY.get_sample_value("wenzheng_queue_due") is not None


# --- headers and errors ---


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/static/wenzheng.css", "/s/x"])
def test_every_response_carries_the_security_headers(client, path):
    answer = client.get(path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    answer.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/healthz", 405),
        ("GET", "/s/x/sign", 405),
        ("GET", "/i//x", 404),
    ],
)
def test_errors_are_one_plain_line(client, method, path, status):
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "text/plain")
    assert answer.text.startswith(str(status))
    assert len(answer.text.splitlines()) == 1


def broken(world):
    app = world.app()
    made = Blueprint("broken", __name__)

    @made.get("/broken")
    @made.get("/hooks/broken")
    def fail():
        raise RuntimeError("secret detail")

    @made.get("/hooks/empty")
    def empty():
        return Response(status=404)

    app.register_blueprint(made)
    return app.test_client()


def test_a_failure_shows_no_trace(world):
    answer = broken(world).get("/broken")
    assert (answer.status_code, answer.text) == (500, "500 系统繁忙，请稍后再试。\n")


def test_a_failure_logs_neither_the_path_with_its_token_nor_the_values(world, caplog, capsys):
    broken(world).get("/broken?token=abc")
    told = caplog.text + "".join(capsys.readouterr())
    assert "RuntimeError" in told
    assert "secret detail" not in told
    assert "/broken" not in told


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/hooks/broken", 500),
        ("GET", "/hooks/nobody", 404),
        ("PUT", "/hooks/broken", 405),
        ("GET", "/hooks/empty", 404),
    ],
)
def test_under_hooks_an_error_has_no_body(world, method, path, status):
    answer = broken(world).open(path, method=method)
    assert (answer.status_code, answer.data, answer.mimetype) == (status, b"", "text/plain")


def test_a_page_without_the_database_asks_to_come_back(without_database):
    answer = without_database.client().get(without_database.staff_path(1, "lamp"))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
