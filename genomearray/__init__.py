"""Per-base genome data as a database of labelled, exact, fast tracks.

Nothing heavy is loaded until it is used (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genomearray._version import __version__

_HOMES = {
    "Assembly": "genomearray.reference.assembly",
    "Batches": "genomearray.stacks.batches",
    "Chain": "genomearray.lifting.chain",
    "Chromosome": "genomearray.reference.assembly",
    "FeatureTable": "genomearray.features.table",
    "Features": "genomearray.features.rows",
    "GenomeDB": "genomearray.database.database",
    "LiftReport": "genomearray.lifting.report",
    "LiftTable": "genomearray.foreign.old_lift_table",
    "MigrateReport": "genomearray.database.migrate",
    "Stack": "genomearray.stacks.stack",
    "Statistics": "genomearray.compute.statistics",
    "Track": "genomearray.track.track",
    "TrackWriter": "genomearray.storage.write.track_writer",
    "VerifyReport": "genomearray.database.verify",
    "WriteReport": "genomearray.storage.write.options",
    "as_track": "genomearray.track.track",
    "batches": "genomearray.stacks.batches",
    "combine": "genomearray.stacks.combine",
    "combine_strands": "genomearray.stacks.strands",
    "compare": "genomearray.stacks.compare",
    "corr": "genomearray.track.track",
    "errors": "genomearray.errors",
    "liftover": "genomearray.lifting.lift",
    "migrate": "genomearray.database.migrate",
    "one_hot": "genomearray.reference.dna",
    "open_features": "genomearray.features.table",
    "open_track": "genomearray.track.track",
    "parse_strand": "genomearray.reference.region",
    "revcomp": "genomearray.reference.dna",
    "stack": "genomearray.stacks.stack",
    "strand_shift": "genomearray.stacks.strands",
    "write_fasta": "genomearray.reference.dna",
}
__all__ = [
    "Assembly",
    "Batches",
    "Chain",
    "Chromosome",
    "FeatureTable",
    "Features",
    "GenomeDB",
    "LiftReport",
    "LiftTable",
    "MigrateReport",
    "Stack",
    "Statistics",
    "Track",
    "TrackWriter",
    "VerifyReport",
    "WriteReport",
    "__version__",
    "as_track",
    "batches",
    "combine",
    "combine_strands",
    "compare",
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
    from genomearray.compute.statistics import Statistics
    from genomearray.database.database import GenomeDB
    from genomearray.database.migrate import MigrateReport, migrate
    from genomearray.database.verify import VerifyReport
    from genomearray.features.rows import Features
    from genomearray.features.table import FeatureTable, open_features
    from genomearray.foreign.old_lift_table import LiftTable
    from genomearray.lifting.chain import Chain
    from genomearray.lifting.lift import liftover
    from genomearray.lifting.report import LiftReport
    from genomearray.reference.assembly import Assembly, Chromosome
    from genomearray.reference.dna import one_hot, revcomp, write_fasta
    from genomearray.reference.region import parse_strand
    from genomearray.stacks.batches import Batches, batches
    from genomearray.stacks.combine import combine
    from genomearray.stacks.compare import compare
    from genomearray.stacks.stack import Stack, stack
    from genomearray.stacks.strands import combine_strands, strand_shift
    from genomearray.storage.write.options import WriteReport
    from genomearray.storage.write.track_writer import TrackWriter
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
