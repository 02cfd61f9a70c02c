"""Loopback servers that speak the real wire of model providers, driven by the real clients."""
