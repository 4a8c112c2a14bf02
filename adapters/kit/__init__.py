"""What channels are made with: the base class, the registry, downloads. Nothing of a platform."""
