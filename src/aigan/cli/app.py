"""The whole command line."""

from aigan.cli.commands import gather

app = gather()
