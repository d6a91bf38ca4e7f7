"""Per-base genome data as a database of labelled, exact, fast tracks.

Nothing heavy is loaded until it is used (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genomearray._version import __version__

_HOMES = {
    "Assembly": "genomearray.assembly",
    "Chromosome": "genomearray.assembly",
    "GenomeDB": "genomearray.database",
    "Track": "genomearray.track",
    "as_track": "genomearray.accessor",
    "batches": "genomearray.batches",
    "Chain": "genomearray.chain",
    "combine": "genomearray.combining",
    "combine_strands": "genomearray.combining",
    "corr": "genomearray.track",
    "liftover": "genomearray.lifting",
    "strand_shift": "genomearray.combining",
    "errors": "genomearray.errors",
    "migrate": "genomearray.migrating",
    "open_features": "genomearray.features",
    "one_hot": "genomearray.sequence",
    "open_track": "genomearray.track",
    "parse_strand": "genomearray.region",
    "revcomp": "genomearray.sequence",
    "stack": "genomearray.stacking",
    "write_fasta": "genomearray.sequence",
}
__all__ = [
    "Assembly",
    "Chain",
    "Chromosome",
    "GenomeDB",
    "Track",
    "__version__",
    "as_track",
    "batches",
    "combine",
    "combine_strands",
    "corr",
    "errors",
    "liftover",
    "migrate",
    "one_hot",
    "open_features",
    "open_track",
    "parse_strand",
    "revcomp",
    "stack",
    "strand_shift",
    "write_fasta",
]

if TYPE_CHECKING:
    from genomearray import errors
    from genomearray.accessor import as_track
    from genomearray.assembly import Assembly, Chromosome
    from genomearray.batches import batches
    from genomearray.chain import Chain
    from genomearray.combining import combine, combine_strands, strand_shift
    from genomearray.database import GenomeDB
    from genomearray.features import open_features
    from genomearray.lifting import liftover
    from genomearray.migrating import migrate
    from genomearray.region import parse_strand
    from genomearray.sequence import one_hot, revcomp, write_fasta
    from genomearray.stacking import stack
    from genomearray.track import Track, corr, open_track


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'genomearray' has no attribute {name!r}")
    import importlib

    module = importlib.import_module(_HOMES[name])
    value = module if name == "errors" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
