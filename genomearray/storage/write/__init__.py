"""Tracks and feature tables that are being written, and how they are published."""
