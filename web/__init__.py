"""Flask blueprints, a package for each audience. Pages show and ask; what is done is in ``handlers``."""
