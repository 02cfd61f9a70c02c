"""Speed and memory of the product against a bare reference in the same run: ``python -m bench --help``.

``cases.py`` what is measured and how it is judged, ``world.py`` what runs meanwhile, ``load.py`` the load
generator, ``model.py`` the loopback model, ``bare.py`` the reference, ``meter.py`` CPU time and memory,
``report.py`` what is printed and written.
"""
