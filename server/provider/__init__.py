"""Model providers of a workspace: credentials, custom models, defaults, and what a run calls."""
