"""Hot topics found, kept and shown. How they are found is ``bot/topics``."""
