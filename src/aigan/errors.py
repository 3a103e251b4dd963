"""The one error that users meet: a sentence that says what is wrong, with which file, and what to do."""


class AiganError(Exception):
    """What the user can mend. Its text is one sentence; the command line prints it and exits with 1."""


class UsageError(AiganError):
    """What was asked for makes no sense; nothing was begun. The command line exits with 2."""


class MissingExtra(AiganError, ImportError):
    """Something optional is not installed; its text holds the command that installs it."""
