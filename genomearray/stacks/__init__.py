"""Many tracks as one thing."""
