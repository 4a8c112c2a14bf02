"""Flask blueprints, one file per audience."""
