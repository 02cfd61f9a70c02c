"""What a client may know about the app behind its key (service-api.md section 10)."""
