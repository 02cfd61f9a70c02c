"""The workflow engine: a graph and inputs in, typed events out. Pure: no database, web or queue imports.

``graph.py`` what an app file says, parsed and checked; ``values.py`` types of values and how they print;
``pool.py`` variables; ``template.py`` text with references; ``engine.py`` the scheduler; ``events.py`` what it
tells; ``node.py`` the contract of a node; ``ports.py`` what nodes need of the world; ``nodes/`` one file a node type.
Rules: workflow-engine.md.
"""
