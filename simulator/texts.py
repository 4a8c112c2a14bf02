"""The few words that the platforms themselves put on a phone."""

from __future__ import annotations

SERVICE_UNAVAILABLE = "该公众号暂时无法提供服务，请稍后再试"
"""WeChat's own line when an account's server gives no answer or an abnormal one (passive reply page of its
developer documentation, read 2026-11-23).
"""

FOLLOWED = "你已关注该公众号"
UNFOLLOWED = "你已取消关注该公众号"
MENU_CLICKED = "你点了菜单“{key}”"
SCANNED = "你扫了二维码 {key}"
SUBSCRIBED = "你允许了订阅通知《{title}》"
REFUSED = "你拒绝了订阅通知《{title}》"
SMS_NO_ANSWER = "（短信平台：对方服务器没有应答，11200）"
SMS_BAD_ANSWER = "（短信平台：对方服务器的应答无法理解，12100）"
SMS_BLOCKED = "（短信平台：本机已退订，这条没有送出，21610）"
SMS_STOPPED = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
SMS_STARTED = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
