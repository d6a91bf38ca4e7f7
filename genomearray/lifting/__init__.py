"""From one assembly to another, through a chain file."""
