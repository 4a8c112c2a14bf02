"""Tables, repositories and the unit of work: one module a subject over ``engine`` over ``tables``.

No rules.
"""
