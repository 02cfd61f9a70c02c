"""From a file to indexable text: extraction, cleaning, splitting, chunk structures, keywords.

Pure functions and one pool of parser processes; no database, no gRPC, no other slice.
"""
