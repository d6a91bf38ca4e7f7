"""Feature tables: rows of (chrom, start, end, ...)."""
