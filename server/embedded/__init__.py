"""The parts that `transom up` runs by itself: PostgreSQL, Valkey, Envoy, the packaged model."""
