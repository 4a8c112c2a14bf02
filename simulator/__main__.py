"""``python -m simulator``: serve the network, or print the environment an application needs for it."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from typing import TYPE_CHECKING

from simulator.server import server_of
from simulator.settings import Settings, demo_environment, read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    if given.print_env:
        for name, value in demo_environment(given.host, given.port).items():
            sys.stdout.write(f"{name}={value}\n")
        return 0
    try:
        settings = _settings(given)
    except ValueError as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 2
    return _serve(settings)


def _settings(given: argparse.Namespace) -> Settings:
    base = given.target.rstrip("/")
    return read_settings(
        host=given.host,
        port=given.port,
        wechat_hook=given.wechat_hook or f"{base}/wechat",
        sms_hook=given.sms_hook or f"{base}/twilio",
        sms_signed_url=given.sms_signed_url,
        mode=given.mode,
        push_format=given.push_format,
        advanced_opt_out=given.advanced_opt_out,
        clock_file=given.clock_file,
    )


def _serve(settings: Settings) -> int:
    server = server_of(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for serve_forever, so it cannot run in the thread that serves
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    sys.stdout.write(f"phones on {settings.base_url}/\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulator", description="WeChat's and Twilio's servers on loopback.")
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8100)
    add("--target", default="http://127.0.0.1:8000/hooks", help="where the application's hooks begin")
    add("--wechat-hook", default="", help="instead of TARGET/wechat")
    add("--sms-hook", default="", help="instead of TARGET/twilio")
    add("--sms-signed-url", default="", help="the hook's public address, when it is not the one called")
    add("--mode", default="safe", choices=("plain", "compatible", "safe"))
    add("--push-format", default="xml", choices=("xml", "json"))
    add("--advanced-opt-out", action="store_true", help="tell the hook of STOP words by OptOutType")
    add("--clock-file", default="", help="write the time's offset in seconds there")
    add("--print-env", action="store_true", help="print the variables for the application and stop")
    return parser


if __name__ == "__main__":
    sys.exit(main())
