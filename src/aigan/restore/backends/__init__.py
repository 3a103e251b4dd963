"""What runs an exported network: each is a `Restorer` (decomposition.py) over one library."""
