"""Where the program begins: an interrupt while it is still being imported is one line, too."""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
from pathlib import Path


def start() -> None:
    """Run the command line."""
    _open_standard_streams()
    # Linear algebra is not what the program does: its threads cost more to start than a region to read.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(50_000, 20, 20)  # what imports leave behind is not garbage
    try:
        from genomearray.cli.main import main
    except KeyboardInterrupt:
        sys.exit("genomearray: interrupted; nothing was changed")
    main()


def _open_standard_streams() -> None:
    """Have the descriptors 0 to 2, closed ones as an empty device: else the first files that are
    opened get their numbers, and what a library prints goes into a track.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
    if sys.stdout is None:
        sys.stdout = _Closed()


class _Closed(io.TextIOWrapper):
    """Standard output that was closed: an error for those who print, not for those who do not."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")

    def write(self, text: str, /) -> int:
        """Refuse."""
        raise OSError(errno.EBADF, "standard output is closed; nothing can be printed")
