"""Authors who try chat, agent and completion apps out, with configurations that need not be saved."""
