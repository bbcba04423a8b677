"""Checkpoints in the Hugging Face layout to quantized models.

`checkpoint` tells what a folder holds, `convert` runs CTranslate2's converter in a process of its own and
completes the folder with what the engines need. What it costs is measured by `voxedge.bench.converted`.
"""

from voxedge.converting.checkpoint import Checkpoint, CheckpointInvalid, inspect
from voxedge.converting.convert import QUANTIZATIONS, convert

__all__ = ["QUANTIZATIONS", "Checkpoint", "CheckpointInvalid", "convert", "inspect"]
