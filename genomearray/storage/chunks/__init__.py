"""Where compressed chunks lie, and how they become values."""
