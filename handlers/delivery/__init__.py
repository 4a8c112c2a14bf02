"""The outbox on its way down the ladder, receipts, downloads of media. What is said to whom is
``handlers/notices``.
"""
