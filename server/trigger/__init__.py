"""What starts workflows besides users: webhooks and schedules (workflow-engine.md 8.21)."""
