"""Small tools that import nothing of ours: errors, ids, clock, crypto."""
