"""The outbox down the ladder, receipts, media. What is said to whom is ``notices``."""
