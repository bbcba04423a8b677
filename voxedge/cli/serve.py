"""``voxedge serve``: offers everything to other programs, over HTTP, WebSocket and Wyoming."""

from __future__ import annotations

import argparse

from voxedge.cli.output import note

HELP = "Serve recognition, translation, speech, the language model and events to other programs."
EPILOG = """examples:
  voxedge serve                                    HTTP on 127.0.0.1:8765, Wyoming on 127.0.0.1:10300
  voxedge serve --config voxedge.toml              models, intents and limits of a configuration
  voxedge serve --http 127.0.0.1:9000 --wyoming ""     another port; no Wyoming
  voxedge serve --new-token kitchen-tablet >> tokens.txt   a client that may call from elsewhere

  curl -F file=@order.wav http://127.0.0.1:8765/v1/audio/transcriptions
  curl http://127.0.0.1:8765/health/ready

Ctrl-C (or SIGTERM) stops it: what runs may end, the rest is refused. SIGHUP reads the configuration again.

exit status: 0 stopped, 2 the configuration is wrong, 4 a model is missing, 5 an address is in use"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("--config", metavar="FILE", help="a configuration; [daemon] has the limits")
    parser.add_argument("--http", metavar="HOST:PORT", help='where HTTP listens (127.0.0.1:8765), or ""')
    parser.add_argument(
        "--wyoming", metavar="HOST:PORT", help='where Wyoming listens (127.0.0.1:10300), or ""'
    )
    parser.add_argument(
        "--new-token", metavar="NAME", help="make a token for a client, print its line for the tokens file"
    )
    parser.add_argument("--json", action="store_true", help="errors as JSON")


def run(args: argparse.Namespace) -> int:
    """Serves until a signal comes."""
    if args.new_token:
        return _new_token(args.new_token)
    import asyncio

    from voxedge.daemon.logs import set_up
    from voxedge.daemon.serve import Daemon, read_config, share_the_cores

    changes: dict[str, object] = {
        key: getattr(args, key) for key in ("http", "wyoming") if getattr(args, key) is not None
    }
    config = read_config(args.config, changes)
    again = (lambda: read_config(args.config, changes)) if args.config else None
    set_up()
    share_the_cores()

    async def serve() -> None:
        await Daemon(config, again=again, announce=lambda line: note(f"voxedge: {line}")).run()

    asyncio.run(serve())
    return 0


def _new_token(name: str) -> int:
    from voxedge.daemon.settings import new_token

    token, line = new_token(name)
    note(f"The token of {name}, shown once: {token}")
    print(line)
    return 0
