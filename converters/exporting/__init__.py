"""From tracks to files: what all exporters share."""
