"""Registered APIs of knowledge that lives elsewhere."""
