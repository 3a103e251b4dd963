"""restore/backends."""
