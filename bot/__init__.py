"""The domain: what messages, inquiries, deadlines and deliveries mean.

Pure: no clock, no I/O, no framework, no platform SDK and no Chinese sentence. Every function takes
what it needs, ``now`` included, and returns what should happen.
"""
