"""`python -m aigan`, and with it `torchrun -m aigan train`."""

from aigan.cli import main

main()
