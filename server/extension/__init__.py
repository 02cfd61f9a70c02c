"""API-based extensions: HTTP endpoints of a workspace that moderate and that fill in variables."""
