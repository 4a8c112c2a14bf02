"""Reading and measuring text, whatever it is about. What a message asks for is ``conversation``."""
