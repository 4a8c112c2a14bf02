"""Downloads (edge case 21): an error body is not a picture, an inner address is not fetched."""

from __future__ import annotations

import pytest
import requests
import responses

from adapters.kit.base import MAX_MEDIA_BYTES
from bot.edge.errors import MediaError
from bot.edge.messages import Kind, MediaRef
from tests.kit.fakes import fake_services
from tests.kit.wechat_kit import BASE, channel

GET = f"{BASE}/media/get"
TOKEN_URL = f"{BASE}/stable_token"
JPEG = b"\xff\xd8\xff\xe0" + bytes(100)
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(50)
FILM = "http://93.184.216.34/film.mp4"


@pytest.fixture
def web():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(TOKEN_URL, json={"access_token": "T1", "expires_in": 7200})
        yield mock


def fetch(kind: Kind = Kind.IMAGE, ref: str = "m1", declared: str = ""):
    return channel().fetch_media(MediaRef(ref, kind, declared))


def refused(kind: Kind = Kind.IMAGE, ref: str = "m1") -> tuple[str, bool]:
    with pytest.raises(MediaError) as caught:
        fetch(kind, ref)
    return caught.value.code, caught.value.permanent


@pytest.mark.parametrize(
    ("kind", "content", "said", "content_type"),
    [
        (Kind.IMAGE, JPEG, "image/jpeg", "image/jpeg"),
        (Kind.IMAGE, JPEG, "text/html", "image/jpeg"),
        (Kind.IMAGE, b"\x89PNG\r\n\x1a\n" + bytes(9), "", "image/png"),
        (Kind.IMAGE, b"GIF89a" + bytes(9), "image/jpeg", "image/gif"),
        (Kind.IMAGE, b"RIFF\x10\x00\x00\x00WEBPVP8 ", "", "image/webp"),
        (Kind.IMAGE, b"BM\x99\x00\x00\x00\x00\x00\x00\x00" + bytes(30), "", "image/bmp"),
        (Kind.VOICE, b"#!AMR\n" + bytes(20), "", "audio/amr"),
        (Kind.VOICE, b"ID3\x03" + bytes(20), "", "audio/mpeg"),
        (Kind.VOICE, b"\xff\xfb\x90" + bytes(20), "", "audio/mpeg"),
        (Kind.VOICE, b"Speex   1.2" + bytes(20), "", "audio/speex"),
        (Kind.VOICE, bytes(50), "audio/amr; x=1", "audio/amr"),
        (Kind.VIDEO, MP4, "", "video/mp4"),
        (Kind.VIDEO, bytes(50), "video/mpeg4", "video/mpeg4"),
        (Kind.FILE, b"PK\x03\x04", "", "application/octet-stream"),
    ],
)
def test_a_download_is_of_the_type_its_bytes_say(web, kind, content, said, content_type):
    web.get(GET, body=content, content_type=said)
    found = fetch(kind)
    assert (found.content, found.content_type) == (content, content_type)
    assert web.calls[1].request.params == {"access_token": "T1", "media_id": "m1"}


@pytest.mark.parametrize(
    ("code", "permanent"),
    [(40007, True), (-1, False), (45009, False), (45011, False), (48001, True), ("40007", True)],
)
def test_edge_21_an_error_body_is_not_a_picture(web, code, permanent):
    web.get(GET, json={"errcode": code, "errmsg": "invalid media_id"}, content_type="text/plain")
    assert refused() == (str(code), permanent)


@pytest.mark.parametrize(
    ("answer", "code", "permanent"),
    [
        ({"body": b""}, "empty", True),
        ({"body": b"<html>login</html>", "content_type": "image/jpeg"}, "not_media", True),
        ({"body": b"  <!DOCTYPE html><p>", "content_type": "image/jpeg"}, "not_media", True),
        ({"body": b"<svg onload=x>", "content_type": "image/svg+xml"}, "not_media", True),
        ({"body": b"MZ\x90\x00", "content_type": "image/jpeg"}, "not_image", True),
        ({"body": b"BM", "content_type": "image/bmp"}, "not_image", True),
        ({"json": {"anything": 1}}, "not_media", True),
        ({"json": {"errcode": "x"}}, "not_media", True),
        ({"body": JPEG + bytes(MAX_MEDIA_BYTES)}, "too_large", True),
        ({"status": 404}, "http_404", True),
        ({"status": 503}, "http_503", False),
        ({"status": 302, "headers": {"location": "http://127.0.0.1/"}}, "http_302", False),
        ({"body": requests.ReadTimeout("x")}, "no_answer", False),
        ({"body": requests.ConnectionError("x")}, "no_answer", False),
    ],
)
def test_edge_21_what_is_no_picture_is_refused(web, answer, code, permanent):
    web.get(GET, **answer)
    assert refused() == (code, permanent)


@pytest.mark.parametrize("kind", [Kind.VOICE, Kind.VIDEO, Kind.FILE])
def test_edge_21_a_page_is_neither_sound_nor_film_nor_file(web, kind):
    web.get(GET, body=b"<html></html>", content_type="audio/amr")
    assert refused(kind) == ("not_media", True)


def test_edge_21_a_film_comes_by_its_link_without_our_token(web):
    web.get(GET, json={"video_url": FILM})
    web.get(FILM, body=MP4)
    assert fetch(Kind.VIDEO).content == MP4
    assert "T1" not in web.calls[-1].request.url


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:6379/",
        "http://10.0.0.5/a.mp4",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "file:///etc/passwd",
        "http://[bad",
        "http://a:port/",
        "http://",
        "//x",
    ],
)
def test_edge_21_a_film_link_into_our_own_network_is_not_followed(web, url):
    web.get(GET, json={"video_url": url})
    code, permanent = refused(Kind.VIDEO)
    assert code in {"internal_address", "bad_url", "unresolvable"}
    assert permanent or code == "unresolvable"
    assert len(web.calls) == 2


def test_edge_21_neither_is_a_redirect_into_it_nor_a_circle(web):
    web.get(GET, json={"video_url": FILM})
    web.get(FILM, status=302, headers={"location": "http://127.0.0.1/x"})
    assert refused(Kind.VIDEO) == ("internal_address", True)
    web.replace("GET", FILM, status=302, headers={"location": "/film.mp4"})
    assert refused(Kind.VIDEO) == ("redirects", True)


def test_a_picture_without_media_id_comes_by_its_address(web):
    web.get("http://93.184.216.34/p", body=JPEG)
    assert fetch(Kind.IMAGE, "http://93.184.216.34/p").content_type == "image/jpeg"
    assert len(web.calls) == 1


def test_a_refused_token_is_renewed_once(web):
    web.post(TOKEN_URL, json={"access_token": "T2", "expires_in": 7200})
    web.get(GET, json={"errcode": 42001, "errmsg": "expired"})
    web.get(GET, body=JPEG)
    assert fetch().content == JPEG
    assert web.calls[-1].request.params["access_token"] == "T2"


def test_edge_24_a_token_refused_for_ever_opens_the_breaker_for_downloads_too(web):
    web.get(GET, json={"errcode": 40001, "errmsg": "invalid"})
    services = fake_services()
    adapter = channel(services)
    for _ in range(4):
        with pytest.raises(MediaError) as caught:
            adapter.fetch_media(MediaRef("m1", Kind.IMAGE))
        assert not caught.value.permanent
    assert [call.request.url.split("?")[0] for call in web.calls] == [TOKEN_URL, GET, TOKEN_URL, GET]
    assert services.alarms.standing == {"wechat_token:wechat"}
