"""Runs code and templates that app authors write, where it can do no harm.

``jail/`` is what runs inside; ``launch.py`` puts the walls around it; ``process.py`` talks to it; ``runner.py`` is the
engine's port ``CodeRunner`` over it, with limits and a queue; ``monty.py`` runs Python where there can be no jail;
``templates.py`` renders templates that cannot explode without any process; ``probe.py`` tries to break out.
"""
