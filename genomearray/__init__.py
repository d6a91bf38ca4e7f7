"""Per-base genome data as a database of labelled, exact, fast tracks.

Nothing heavy is loaded until it is used (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genomearray._version import __version__

_HOMES = {
    "Assembly": "genomearray.reference.assembly",
    "Chromosome": "genomearray.reference.assembly",
    "GenomeDB": "genomearray.database.database",
    "Track": "genomearray.track.track",
    "as_track": "genomearray.track.track",
    "batches": "genomearray.stacks.batches",
    "Chain": "genomearray.lifting.chain",
    "combine": "genomearray.stacks.combine",
    "combine_strands": "genomearray.stacks.strands",
    "corr": "genomearray.track.track",
    "liftover": "genomearray.lifting.lift",
    "strand_shift": "genomearray.stacks.strands",
    "errors": "genomearray.errors",
    "migrate": "genomearray.database.migrate",
    "open_features": "genomearray.features.table",
    "one_hot": "genomearray.reference.dna",
    "open_track": "genomearray.track.track",
    "parse_strand": "genomearray.reference.region",
    "revcomp": "genomearray.reference.dna",
    "stack": "genomearray.stacks.stack",
    "write_fasta": "genomearray.reference.dna",
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
    from genomearray.database.database import GenomeDB
    from genomearray.database.migrate import migrate
    from genomearray.features.table import open_features
    from genomearray.lifting.chain import Chain
    from genomearray.lifting.lift import liftover
    from genomearray.reference.assembly import Assembly, Chromosome
    from genomearray.reference.dna import one_hot, revcomp, write_fasta
    from genomearray.reference.region import parse_strand
    from genomearray.stacks.batches import batches
    from genomearray.stacks.combine import combine
    from genomearray.stacks.stack import stack
    from genomearray.stacks.strands import combine_strands, strand_shift
    from genomearray.track.track import Track, as_track, corr, open_track


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
