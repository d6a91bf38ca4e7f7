"""Tracks on disk: one layout in two forms, an HDF5 file or a Zarr v3 store.

Data enter through :class:`genomearray.storage.writer.TrackWriter` and leave through
:func:`genomearray.storage.reader.open_stored`.
"""
