"""Sensitive word avoidance: what is asked and answered is checked (feature-semantics.md 3.6)."""
