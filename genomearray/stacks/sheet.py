"""Sample sheets: tables that say of each track what it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from genomearray.errors import FormatError, UnknownTrackError
from genomearray.storage.names import is_track_file
from genomearray.storage.read.remote import is_url

if TYPE_CHECKING:
    import pandas as pd

_ENDINGS = (".tsv", ".csv", ".txt")
_COLUMN = "track"


def is_sheet(text: object) -> bool:
    """Whether something is a DataFrame, or names a sample sheet by its ending.

    Examples
    --------
    >>> is_sheet("samples.tsv"), is_sheet("chip/a")
    (True, False)
    """
    if isinstance(text, (str, os.PathLike)):
        return os.fspath(text).lower().endswith(_ENDINGS)
    return hasattr(text, "columns")  # without loading pandas


def read_sheet(sheet: str | os.PathLike[str] | pd.DataFrame) -> pd.DataFrame:
    """A sample sheet, indexed by the tracks, whose paths are relative to the sheet.

    Parameters
    ----------
    sheet : path or DataFrame
        With a column ``track``; a file has a header, and tabs between the columns (commas in ``.csv``).

    Returns
    -------
    DataFrame
        Without the column ``track``, which is its index.

    Raises
    ------
    FormatError
        The file cannot be read, or has no column ``track``; a row without a track, or one twice.
    """
    import pandas as pd

    if isinstance(sheet, pd.DataFrame):
        frame, where, folder = sheet, "the sample sheet", Path()
    else:
        where, folder = os.fspath(sheet), Path(sheet).parent
        frame = _read(where)
    if _COLUMN not in frame.columns:
        has = ", ".join(map(str, frame.columns)) or "none"
        raise FormatError(f"{where} has no column 'track', which names the track of each row; it has {has}")
    frame = frame.reset_index(drop=True)
    tracks = frame[_COLUMN]
    empty = tracks.isna() | (tracks.astype(str).str.strip() == "")
    if empty.any() or not len(frame):
        at = f"row {int(empty.to_numpy().argmax()) + 1}" if len(frame) else "it has no row, so"
        raise FormatError(f"{where}: {at} names no track")
    names = [_path(str(track).strip(), folder) for track in tracks]
    twice = next((name for k, name in enumerate(names) if name in set(names[:k])), None)
    if twice is not None:
        rows = [k + 1 for k, name in enumerate(names) if name == twice]
        raise FormatError(f"{where}: track {twice!r} is in rows {' and '.join(map(str, rows))}; name it once")
    columns = frame.drop(columns=_COLUMN)
    columns.columns = columns.columns.map(str)
    return columns.set_index(pd.Index(names, name=_COLUMN, dtype=object))


def _read(path: str) -> pd.DataFrame:
    import pandas as pd

    if not Path(path).is_file():
        raise FormatError(f"sample sheet {path} is not there; check the path")
    try:
        return pd.read_csv(path, sep="," if path.lower().endswith(".csv") else "\t", encoding="utf-8-sig")
    except (ValueError, OSError) as error:  # pandas' own errors are ValueErrors
        raise FormatError(f"{path} cannot be read as a table with a header: {str(error).strip()}") from error


def _path(track: str, folder: Path) -> str:
    """A track of the sheet; the path of a file is relative to the folder of the sheet."""
    if not is_track_file(track) or is_url(track) or Path(track).is_absolute():
        return track
    path = os.path.normpath(folder / track)
    return path if path.startswith(("/", ".")) else f"./{path}"


def missing_tracks(missing: list[str], near: list[str], where: str) -> UnknownTrackError:
    """The error of tracks that are not there, all at once."""
    shown = ", ".join(map(repr, missing[:10])) + (
        f" and {len(missing) - 10} more" if len(missing) > 10 else ""
    )
    what = "track" if len(missing) == 1 else f"{len(missing)} tracks:"
    hint = (
        f"nearest names: {', '.join(map(repr, near))}" if near else "see: {list_tracks()|genomearray tracks}"
    )
    return UnknownTrackError(
        f"{what} {shown} {'is' if len(missing) == 1 else 'are'} not in {where}", hint=hint
    )
