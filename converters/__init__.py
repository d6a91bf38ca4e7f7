"""Foreign formats, one module each: files in, tracks out.

The folder ``converters/`` of the repository is installed under the name
``genomearray_converters``. From Python::

    from genomearray_converters import import_wig
    import_wig(db, "phastcons", ["chr1.wig.gz"], dtype="float32")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

_HOMES = {
    "BigWigReport": "bigwig",
    "ExportOptions": "exporting.options",
    "ExportReport": "exporting.report",
    "ImportOptions": "importing.options",
    "ImportReport": "importing.report",
    "LiftBedReport": "bed_lift",
    "ReadOptions": "reads.options",
    "ReadReport": "reads.report",
    "TableReport": "importing.features",
    "export_bed": "bed",
    "export_bedgraph": "bedgraph",
    "export_bigwig": "bigwig",
    "export_fasta": "fasta",
    "export_matrix": "matrix",
    "export_npy": "npy",
    "export_store": "store",
    "export_wig": "wig",
    "export_xb": "xb",
    "import_bed": "bed",
    "import_bedgraph": "bedgraph",
    "import_bigwig": "bigwig",
    "import_d4": "d4",
    "import_depth": "bam",
    "import_fasta": "fasta",
    "import_five_prime": "bam",
    "import_fragments": "bam",
    "import_genes": "genes",
    "import_genomedata": "genomedata",
    "import_left_ends": "bam",
    "import_mnase": "bam",
    "import_text": "text_columns",
    "import_w5": "w5",
    "import_wig": "wig",
    "import_xb": "xb",
    "lift_bed": "bed_lift",
}
__all__ = [
    "BigWigReport",
    "ExportOptions",
    "ExportReport",
    "ImportOptions",
    "ImportReport",
    "LiftBedReport",
    "ReadOptions",
    "ReadReport",
    "TableReport",
    "export_bed",
    "export_bedgraph",
    "export_bigwig",
    "export_fasta",
    "export_matrix",
    "export_npy",
    "export_store",
    "export_wig",
    "export_xb",
    "import_bed",
    "import_bedgraph",
    "import_bigwig",
    "import_d4",
    "import_depth",
    "import_fasta",
    "import_five_prime",
    "import_fragments",
    "import_genes",
    "import_genomedata",
    "import_left_ends",
    "import_mnase",
    "import_text",
    "import_w5",
    "import_wig",
    "import_xb",
    "lift_bed",
]

if TYPE_CHECKING:
    from .bam import import_depth, import_five_prime, import_fragments, import_left_ends, import_mnase
    from .bed import export_bed, import_bed
    from .bed_lift import LiftBedReport, lift_bed
    from .bedgraph import export_bedgraph, import_bedgraph
    from .bigwig import BigWigReport, export_bigwig, import_bigwig
    from .d4 import import_d4
    from .exporting.options import ExportOptions
    from .exporting.report import ExportReport
    from .fasta import export_fasta, import_fasta
    from .genes import import_genes
    from .genomedata import import_genomedata
    from .importing.features import TableReport
    from .importing.options import ImportOptions
    from .importing.report import ImportReport
    from .matrix import export_matrix
    from .npy import export_npy
    from .reads.options import ReadOptions
    from .reads.report import ReadReport
    from .store import export_store
    from .text_columns import import_text
    from .w5 import import_w5
    from .wig import export_wig, import_wig
    from .xb import export_xb, import_xb


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
