"""From files to published tracks: what all importers share."""
