"""Tracks and feature tables on disk, in HDF5 and Zarr: layout, chunks, reading, writing."""
