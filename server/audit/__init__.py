"""The audit log: who administered what, when, from where, and how it ended. Never a secret, never what people wrote."""
