"""Transactions, prepared statements, encryption, the spool and Redis: what every repository stands on.

No table of a subject is read here.
"""
