"""Forms, headers and values all pages share. No route."""
