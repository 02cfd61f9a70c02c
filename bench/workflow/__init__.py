"""What workflows cost: ``python -m bench.workflow``. ``engine.py`` the engine alone, without a product around it."""
