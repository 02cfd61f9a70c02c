"""What runs inside of the jail: standard library only, no word of the rest of the server.

This folder alone is visible in there, read-only. ``warden.py`` waits for jobs and forks once for each;
``confine.py`` takes away what a fork could still do; ``guest.py`` runs the job of a fork.
"""
