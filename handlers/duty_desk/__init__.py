"""The duty desk's work, and the machine that does part of it: dispatch, rejection, merging, decisions on
requests.

Its page is ``web/duty_desk``.
"""
