"""Where tests keep what dies with the run: in memory where there is plenty, so that no commit waits for a disk."""

import os
import shutil
from pathlib import Path

ROOM = 6 * 1024**3


def memory_folder() -> str | None:
    """A folder in memory with room, or None."""
    memory = Path("/dev/shm")
    has_room = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    return str(memory) if has_room else None
