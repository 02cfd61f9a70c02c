"""The engine and its nodes are real; the world is doubles: models, HTTP answers and what code returns are given."""
