"""``voxedge serve`` with a recognizer that can be made to hang; for the tests of the watchdog.

    python faulty_service.py CONFIG HANG_FILE

While HANG_FILE exists, recognition doesn't come back: a fault that no input provokes.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path


def main() -> None:
    from voxedge.config import Config
    from voxedge.daemon import scheduler
    from voxedge.daemon.serve import Daemon
    from voxedge.recognition.whisper import WhisperRecognizer

    config, hang = Config.from_file(sys.argv[1]), Path(sys.argv[2])
    scheduler.STEP_LIMIT_S.update(compute=1.0, text=1.0, language=1.0)
    recognize = WhisperRecognizer.recognize

    def hanging(self, *args, **kwargs):
        while hang.exists():
            time.sleep(0.05)
        return recognize(self, *args, **kwargs)

    WhisperRecognizer.recognize = hanging

    async def serve() -> None:
        again = lambda: Config.from_file(sys.argv[1])  # noqa: E731
        await Daemon(config, again=again, announce=lambda line: print(line, flush=True)).run()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
