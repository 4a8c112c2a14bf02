"""Who gets a notice, in which words and in which form. How it is sent is ``handlers/delivery``."""
