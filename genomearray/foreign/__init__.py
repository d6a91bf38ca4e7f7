"""Files of other formats, read in place."""
