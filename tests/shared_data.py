"""Where the real files are: a folder ``shared`` beside the checkout, or $GENOMEARRAY_SHARED."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("GENOMEARRAY_SHARED", Path(__file__).resolve().parents[2] / "shared"))
DATA = SHARED / "data"
PEERS = SHARED / "peers"

needs_shared = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real files are not there: {DATA}")


def files(kind: str) -> list[Path]:
    """Files of a kind, none where there is no shared folder."""
    return sorted((DATA / kind).glob("*")) if DATA.is_dir() else []
