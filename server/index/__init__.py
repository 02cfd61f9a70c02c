"""Indexes: vectors behind one port, full text and keywords in PostgreSQL."""
