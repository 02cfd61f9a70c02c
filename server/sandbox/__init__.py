"""Runs code and templates that app authors write, where it can do no harm.

``jail/`` is what runs inside; ``launch.py`` puts the walls around it; ``process.py`` talks to it; ``probe.py`` tries to
break out. ``monty.py`` runs Python where there can be no jail, ``remote.py`` leaves all to a service; ``places.py``
finds the best of them. ``runner.py`` is the engine's port ``CodeRunner`` over it, with limits and a queue;
``templates.py`` renders the templates that cannot explode without any process.
"""
