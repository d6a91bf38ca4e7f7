"""Figures of arrays, frames and sources."""
