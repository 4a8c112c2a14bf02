"""Channels: one file for each, named as the channel is. What they share is ``adapters/kit``; what happens after a
failure is decided in ``handlers``.
"""
