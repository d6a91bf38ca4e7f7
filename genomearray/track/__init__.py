"""A track: one value per base of an assembly, and its xarray views."""
