"""The workflow engine: a graph and inputs in, typed events out. Pure: no database, web or queue imports.

``graph.py`` what an app file says, parsed and checked; ``plan.py`` what a root reaches; ``values.py`` types of values
and how they print; ``pool.py`` variables; ``template.py`` text with references; ``engine.py`` a run from outside;
``frame.py`` the scheduler; ``rounds.py`` frames inside of frames; ``stream.py`` text in order; ``core.py`` counters and
limits; ``events.py`` what a run tells; ``replay.py`` its state from that; ``node.py`` the contract of a node;
``context.py`` what a node sees; ``ports.py`` what nodes need of the world; ``nodes/`` the node types.
README.md says why. Rules: workflow-engine.md.
"""
