"""The parts of the WeChat adapter, split by meaning. Only ``adapters/wechat.py`` imports them."""
