"""Forms, headers and values that all pages share. It has no route."""
