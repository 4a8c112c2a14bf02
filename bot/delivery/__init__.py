"""Which ways are open to a person, and in which order. Calling a provider is ``handlers/delivery``."""
