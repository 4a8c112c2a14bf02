"""Everything that is stored: one module for each subject, above ``engine``, above ``tables``.

No rule of the domain is decided here, and nothing is sent.
"""
