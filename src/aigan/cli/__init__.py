"""The command line: one file a command, each a thin skin over one library function.

Exit status: 0 all well, 1 some files failed or an error that the message explains, 2 wrong usage; 130 and 143 after
SIGINT (Ctrl-C) and SIGTERM, which leave nothing half-written.
"""

from __future__ import annotations

import io
import signal
import sys
from types import FrameType

from aigan.errors import AiganError, UsageError


def main() -> None:
    """Run `aigan`: errors that users can mend are one sentence on stderr, exit status 1 or 2."""
    signal.signal(signal.SIGTERM, _terminate)
    if isinstance(sys.stdout, io.TextIOWrapper):  # as stderr does: terminals of any encoding, and names in any
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        from aigan.cli.commands import gather

        gather("".join(sys.argv[1:2]))()
    except AiganError as error:
        print(f"aigan: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except (KeyboardInterrupt, SystemExit) as leaving:  # typer makes the first of these the second
        status = leaving.code if isinstance(leaving, SystemExit) else 130
        if status in (130, 143):
            print("aigan: stopped; nothing half-written was left", file=sys.stderr)
        sys.exit(status)


def _terminate(number: int, frame: FrameType | None) -> None:
    """Leave by an exception, so that temporary files go."""
    sys.exit(128 + number)
