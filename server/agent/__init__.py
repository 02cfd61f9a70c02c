"""A model that works with tools, round by round. Pure: it knows a model, tools, and nothing of who asked.

``model.py`` what an agent is given and what it tells; ``loop.py`` one round; ``function_calling.py`` and ``react.py``
the two ways to ask for tools; ``react_text.py`` reads what a model writes in the second; ``tools.py`` tools of the
workspace as an agent's. ``work`` is the door.
"""

from server.agent.loop import AgentLimitError, work

__all__ = ["AgentLimitError", "work"]
