"""What a citizen says and does: telling a matter, asking, rating, binding a phone.

How a message comes in and is understood is ``handlers/inbound``.
"""
