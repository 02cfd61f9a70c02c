"""Workflows of apps: drafts, versions, variables, and what a run is made from."""
