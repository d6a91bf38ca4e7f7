"""Text formats: lines, fields, numbers, rows."""
