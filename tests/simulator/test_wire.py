"""On real sockets: time limits, cut connections, the live feed, starting and stopping."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
import requests
from flask import Flask, request
from werkzeug.serving import make_server

from simulator import texts
from simulator.network import CITIZEN_NUMBER, CITIZEN_OPENID
from simulator.server import running
from simulator.settings import read_settings

pytestmark = pytest.mark.integration


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def hook_server(view):
    app = Flask("hook")
    app.add_url_rule("/hooks/<channel>", view_func=view, methods=["GET", "POST"])
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hooks"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def simulator(hooks="http://127.0.0.1:9/hooks", **given):
    given = {"wechat_timeout": 0.25, "sms_timeout": 0.25, "result_delay": 0.01} | given
    settings = read_settings(
        {}, port=free_port(), wechat_hook=f"{hooks}/wechat", sms_hook=f"{hooks}/twilio", **given
    )  # fmt: skip
    with running(settings) as net:
        yield settings.base_url, net


def test_a_slow_server_is_left_after_its_time_and_asked_three_times():
    seen = []

    def slow(channel):
        seen.append(channel)
        time.sleep(0.6)
        return "success"

    with hook_server(slow) as hooks, simulator(hooks) as (base, net):
        report = requests.post(f"{base}/sim/wechat/{CITIZEN_OPENID}/send", json={"text": "在吗"}, timeout=5).json()
        assert (report["outcome"], report["tries"], len(seen)) == ("unanswered", 3, 3)
        assert report["errors"] == ["ReadTimeout"] * 3
        assert report["seconds"] > 0.7, "each time it was given its time"
        assert net.phones.get(CITIZEN_OPENID).bubbles[-1].text == texts.SERVICE_UNAVAILABLE


def test_a_server_that_drips_its_answer_runs_out_of_time():
    def dripping(channel):
        def drops():
            for _ in range(8):
                time.sleep(0.06)
                yield "s"

        return drops()

    with hook_server(dripping) as hooks, simulator(hooks, wechat_tries=1) as (base, _):
        report = requests.post(f"{base}/sim/wechat/{CITIZEN_OPENID}/send", json={"text": "在吗"}, timeout=5).json()
        assert (report["outcome"], report["errors"]) == ("unanswered", ["ReadTimeout"])


def test_nobody_listening_is_unanswered_on_both_channels():
    with simulator() as (base, _):
        wechat = requests.post(f"{base}/sim/wechat/{CITIZEN_OPENID}/send", json={"text": "在吗"}, timeout=5).json()
        sms = requests.post(f"{base}/sim/sms/{CITIZEN_NUMBER}/send", json={"text": "在吗"}, timeout=5).json()
        assert (wechat["tries"], sms["tries"], sms["outcome"]) == (3, 2, "unanswered")


@pytest.mark.parametrize("channel", ["wechat", "sms"])
def test_a_cut_connection_leaves_the_sender_in_doubt_though_the_message_arrived(channel):
    with simulator() as (base, net):
        net.wechat.wrote(CITIZEN_OPENID)
        net.faults.add(endpoint="wechat/message/custom/send", kind="reset")
        net.faults.add(endpoint="twilio/messages", kind="reset")
        call = wechat_call if channel == "wechat" else sms_call
        with pytest.raises(requests.ConnectionError):
            call(base, net)
        assert call(base, net).ok
        net.background.settle()
        phone = net.phones.get(CITIZEN_OPENID if channel == "wechat" else CITIZEN_NUMBER)
        assert [bubble.text for bubble in phone.bubbles] == ["ok", "ok"]


def wechat_call(base, net):
    token = net.wechat.tokens.stable(force=False)[0]
    body = {"touser": CITIZEN_OPENID, "msgtype": "text", "text": {"content": "ok"}}
    return requests.post(f"{base}/wechat/cgi-bin/message/custom/send?access_token={token}", json=body, timeout=5)


def sms_call(base, net):
    auth = (net.settings.twilio_account_sid, net.settings.twilio_auth_token)
    form = {"To": CITIZEN_NUMBER, "From": net.settings.twilio_from, "Body": "ok"}
    return requests.post(f"{base}/twilio/2010-04-01/Accounts/{auth[0]}/Messages.json", data=form, auth=auth, timeout=5)


def test_the_feed_brings_a_bubble_by_itself():
    with simulator() as (base, net), requests.get(f"{base}/sim/stream", stream=True, timeout=5) as stream:
        lines = stream.iter_lines(chunk_size=1, decode_unicode=True)
        until(lines, "data: ")
        net.phones.show(CITIZEN_OPENID, at=net.clock.now(), direction="in", way="passive", text="到了")
        assert "到了" in until(lines, "data: ")


def until(lines, beginning):
    return next(line for line in lines if line.startswith(beginning))


def test_many_phones_write_at_once_and_each_gets_its_own_reply():
    def echo(channel):
        text = request.get_data(as_text=True).split("<Content><![CDATA[")[1].split("]]>")[0]
        sender = request.args["openid"]
        return (
            f"<xml><ToUserName>{sender}</ToUserName><FromUserName>gh_wenzheng0001</FromUserName>"
            f"<CreateTime>1</CreateTime><MsgType>text</MsgType><Content>{text}</Content></xml>"
        )

    with hook_server(echo) as hooks, simulator(hooks, mode="plain", wechat_timeout=5.0) as (base, net):
        for number in range(20):
            net.add_wechat(f"o{number}", f"{number}")
        threads = [threading.Thread(target=say, args=(base, f"o{number}", f"第{number}条")) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number in range(20):
            texts_shown = [bubble.text for bubble in net.phones.get(f"o{number}").bubbles]
            assert texts_shown == [f"第{number}条"] * 2


def say(base, openid, text):
    requests.post(f"{base}/sim/wechat/{openid}/send", json={"text": text}, timeout=30)


def test_the_process_says_its_address_and_stops_at_once(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "simulator", "--port", str(port), "--clock-file", str(tmp_path / "clock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"}) as process:
        try:
            assert process.stdout.readline().decode().strip() == f"phones on http://127.0.0.1:{port}/"
            with requests.get(f"http://127.0.0.1:{port}/sim/stream", stream=True, timeout=5):
                assert requests.get(f"http://127.0.0.1:{port}/", timeout=5).ok
                process.send_signal(signal.SIGTERM)
                assert process.wait(5) == 0
        finally:
            process.kill()
    assert (tmp_path / "clock").read_text() == "0\n"
