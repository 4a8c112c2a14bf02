"""What a message means in one person's conversation, and the acts it asks for.

Acts are carried out in ``handlers``.
"""
