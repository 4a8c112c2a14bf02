"""Whom a notice goes to, in which words and which form. How it is sent is ``delivery``."""
