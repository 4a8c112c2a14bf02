"""Flask blueprints, a package for each audience. Pages show and ask; what is done stands in ``handlers``."""
