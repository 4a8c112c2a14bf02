"""The ``wenzheng`` command and what it starts. Commands read options and print; the work is done in ``handlers``."""
