"""Open tracks and feature tables."""
