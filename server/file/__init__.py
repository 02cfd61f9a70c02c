"""Uploaded files: received in pieces, kept in a store, read by key or by signed link."""
