"""The duty desk, and the machine that does its work: dispatch, refusal, merging, decisions.

Its page is ``web/duty_desk``.
"""
