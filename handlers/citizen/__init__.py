"""A citizen's words and moves: telling a matter, asking, rating, binding a phone.

How a message comes in is ``inbound``.
"""
