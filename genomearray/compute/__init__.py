"""Answers over many bases, block by block."""
