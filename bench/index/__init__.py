"""Speed, memory and recall of the indexes alone, without the product around them (server/index/README.md).

``vectors.py`` one store at one size, ``layouts.py`` candidates for the layout of full text, ``fulltext.py`` the
chosen one, ``servers.py`` what runs meanwhile, ``data.py`` vectors and texts like real ones.
"""
