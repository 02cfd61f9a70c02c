"""The Celery worker: background jobs of every slice."""
