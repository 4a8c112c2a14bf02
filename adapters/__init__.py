"""One file, one channel; the file name is the name of the channel. What channels share is ``kit``."""
