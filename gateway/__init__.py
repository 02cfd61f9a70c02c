"""Renders everything the gateway needs from the protos: Envoy's configuration, the REST view, OpenAPI."""
