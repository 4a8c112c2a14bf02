"""Channels: one file = one provider; the file name is its name everywhere."""
