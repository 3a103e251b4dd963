"""The systems that the paper compares with, each a `Restorer`: classical ones in numpy, learned ones in torch."""
