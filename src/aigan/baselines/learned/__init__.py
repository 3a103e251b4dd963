"""Learned systems, each a network in a file of its own; `restorer.py` makes a restorer of any of them."""
