"""Searching: one dataset for the API, several for an app."""
