"""Apps: their rows, their configuration and their files."""
