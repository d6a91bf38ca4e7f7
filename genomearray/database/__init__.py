"""A folder of tracks and feature tables, one assembly each."""
