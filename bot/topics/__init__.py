"""Hot topics: messages of one matter found by the terms they share. Keeping them is ``handlers/topics``."""
