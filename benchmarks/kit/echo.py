"""The yardstick: Flask and wechatpy as their own example puts them together. Stores nothing, takes repeats twice."""

from __future__ import annotations

import os

from flask import Flask, Response, abort, request
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.replies import TextReply
from wechatpy.utils import check_signature

TOKEN = os.environ["WECHAT_TOKEN"]
CRYPTO = WeChatCrypto(TOKEN, os.environ.get("BENCH_AES_KEY") or "a" * 43, os.environ["WECHAT_APP_ID"])

app = Flask(__name__)


@app.post("/hooks/wechat")
def echo() -> Response:
    timestamp, nonce = request.args["timestamp"], request.args["nonce"]
    body: str | bytes = request.get_data()
    sealed = request.args.get("encrypt_type") == "aes"
    try:
        if sealed:
            body = CRYPTO.decrypt_message(body, request.args["msg_signature"], timestamp, nonce)
        else:
            check_signature(TOKEN, request.args["signature"], timestamp, nonce)
    except InvalidSignatureException:
        abort(403)
    message = parse_message(body)
    answer = TextReply(content=message.content, message=message).render()
    if sealed:
        answer = CRYPTO.encrypt_message(answer, nonce, timestamp)
    return Response(answer, content_type="application/xml")
