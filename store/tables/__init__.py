"""The tables and their column types. Queries stand in the repositories."""
