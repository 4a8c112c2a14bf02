"""Hot topics: the index kept up to date, topics stored and shown. How they are found is ``bot/topics``."""
