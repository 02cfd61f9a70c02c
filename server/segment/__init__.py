"""Segments of documents and their child chunks, changed one by one over the API."""
