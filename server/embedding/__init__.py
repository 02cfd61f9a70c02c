"""Vectors and rankings for the knowledge engine: cached, batched, under one rate for all processes."""
