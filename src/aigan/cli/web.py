"""`aigan app`."""

from __future__ import annotations

from typing import Annotated

import typer


def app(
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 7860,
    share: Annotated[
        bool, typer.Option("--share", help="Also offer it to the whole internet, through a server of Gradio's.")
    ] = False,
    max_megabytes: Annotated[int, typer.Option(min=1, help="Of one upload.")] = 64,
    max_megapixels: Annotated[int, typer.Option(min=1, max=268, help="Of one picture.")] = 32,
    max_seconds: Annotated[float, typer.Option(min=1, help="Of work on one picture.")] = 120,
    max_waiting: Annotated[int, typer.Option(min=1, help="Requests that may wait; others are told to come back.")] = 32,
) -> None:
    """Try it in the browser: restore, degrade and compare pictures, on this machine.

    Pictures stay on this machine, and go when the app stops (Ctrl-C), at the latest after an hour. Nothing is loaded
    from the internet. The same address answers programs: docs/app.md.
    """
    from aigan.cli.needs import needs

    needs("app", "gradio")
    import threading

    from aigan.app.limits import Limits
    from aigan.app.serve import serving

    limits = Limits(megabytes=max_megabytes, megapixels=max_megapixels, seconds=max_seconds, waiting=max_waiting)
    with serving(host=host, port=port, share=share, limits=limits) as served:
        typer.echo(f"aigan app: {served.address} (Ctrl-C stops it)")
        if served.shared:
            typer.echo(f"and, for everyone who knows it: {served.shared}")
        threading.Event().wait()
