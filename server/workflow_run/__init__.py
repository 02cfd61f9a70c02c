"""Runs of workflows and chatflows: the engine as a detached run, with its records.

``versions.py`` what can run, ``plan.py`` one run before it begins, ``service.py`` and ``chatflow.py`` begin it,
``runner.py`` drives the engine, ``events.py`` turns what it tells into events of the run, ``record.py`` into rows,
``store.py`` SQL of runs, ``lookup_store.py`` of those that read them, ``rejoin.py`` streams that are joined again,
``forms.py`` people who are asked.
"""
