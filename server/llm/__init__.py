"""Model providers behind one port (port.py)."""
