"""What workers and those who look for them agree on; imports no Celery, which a server does without."""

# The only queue: every worker takes from it.
QUEUE = "transom"
