"""Transom's server: the gRPC core behind the gateway."""
