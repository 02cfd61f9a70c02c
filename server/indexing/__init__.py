"""From accepted documents to what searches find: the worker's side of knowledge.

Every job may be delivered twice, die at any line and run beside its own ghost. What holds it together:
a document has a ``version`` (which text is wanted) and ``attempts`` (who works on it); each transaction
begins by locking the document's row and checking both, so a worker that was given up writes nothing more.
"""
