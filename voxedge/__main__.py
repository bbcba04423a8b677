"""``python -m voxedge`` is the ``voxedge`` command."""

import sys

from voxedge.cli import main

if __name__ == "__main__":
    sys.exit(main())
