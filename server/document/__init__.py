"""Documents: accepted here, indexed by the worker (server/indexing)."""
