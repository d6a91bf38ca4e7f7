"""Compiled loops of the converters; how they work is said in :mod:`genomearray.loops`."""

from __future__ import annotations

from genomearray.loops import Loops

kernel = Loops(__name__)
