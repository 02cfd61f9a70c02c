"""What indexing and searching cost: ``python -m bench.knowledge``. Text of the cases is made of real English words."""
