"""A district's half year played through the real handlers. Nothing of the product imports it."""
