"""Parts of the WeChat channel, one file for each concern. Only ``adapters/wechat.py`` imports them."""
