"""Conversations, their messages, variables and feedback, as the Service API shows them."""
