"""Runs: answers detached from the connection that asked for them (architecture.md section 3).

``run.py`` one run and its events in memory, ``log.py`` the event log in Redis, ``reader.py``
ways to look at a run, ``registry.py`` the runs of this process, ``keeper.py`` lease, sweep,
partial answers and stop, ``store.py`` SQL.
"""
