"""Annotations: answers that people wrote, given instead of a model's."""
