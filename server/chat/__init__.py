"""Chat and completion apps: what a turn needs, from the stored configuration to the prompt."""
