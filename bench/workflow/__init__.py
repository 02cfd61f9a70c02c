"""What workflows cost: ``python -m bench.workflow``.

``engine.py`` the engine alone, ``code.py`` the sandbox of code nodes alone, both without a product around them;
``product.py`` whole runs through Envoy, beside a bare reference; ``waiting.py`` hundreds of runs that wait.
"""
