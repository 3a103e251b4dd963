"""Start the server, and leave nothing behind when it stops."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aigan.app.folder import temporary_folder
from aigan.app.limits import Limits
from aigan.errors import AiganError

HOST = "127.0.0.1"
PORT = 7860


@dataclass(frozen=True)
class Served:
    """Where the app is: `address` on this machine, and `shared` on the internet, or ""."""

    address: str
    shared: str


@contextmanager
def serving(
    *, host: str = HOST, port: int = PORT, share: bool = False, limits: Limits | None = None
) -> Iterator[Served]:
    """The app, served as long as the block lasts; then it and all its files are gone.

    `share`: also over a public address of Gradio's, for which a program of theirs is loaded and run. AiganError where
    the port is taken.
    """
    _check_port(host, port)
    limits = limits or Limits()
    with temporary_folder() as folder:
        # Gradio reads these when it is imported and when a page is made
        os.environ |= {
            "GRADIO_TEMP_DIR": str(folder.path),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }
        from starlette.middleware import Middleware

        from aigan.app.guard import Guard
        from aigan.app.page import SCRIPT, STYLE, THEME, page

        upload_bytes = limits.megabytes << 20
        blocks = page(folder, limits)
        _, address, shared = blocks.launch(
            server_name=host,
            server_port=port,
            share=share,
            quiet=True,
            inline=False,
            prevent_thread_lock=True,
            show_error=False,
            max_file_size=upload_bytes,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            run_history=False,
            enable_monitoring=False,
            footer_links=[],
            theme=THEME,
            css=STYLE,
            head=SCRIPT,
            app_kwargs={"middleware": [Middleware(Guard, folder=folder, upload_bytes=upload_bytes)]},
        )
        try:
            yield Served(address, shared or "")
        finally:
            blocks.close(verbose=False)


def _check_port(host: str, port: int) -> None:
    """Gradio would find out late, and look at this machine only."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        sentence = f"port {port} of {host} cannot be used ({error.strerror}): choose another --port or --host"
        raise AiganError(sentence) from error
