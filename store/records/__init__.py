"""What rows of the database have, as mypy knows them: written by docs/generate.py, imported for types alone."""
