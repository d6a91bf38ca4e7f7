"""Foreign formats, one module each: files in, tracks out.

The folder ``converters/`` of the repository is installed under the name
``genomearray_converters``. From Python::

    from genomearray_converters import import_wig
    import_wig(db, "phastcons", ["chr1.wig.gz"], dtype="float32")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

_HOMES = {
    "ReadOptions": "bam",
    "ReadReport": "bam",
    "export_bed": "bed",
    "export_bedgraph": "bedgraph",
    "export_bigwig": "bigwig",
    "export_fasta": "fasta",
    "export_npy": "stores",
    "export_store": "stores",
    "export_wig": "wig",
    "export_xb": "xb",
    "import_bed": "bed",
    "import_bedgraph": "bedgraph",
    "import_bigwig": "bigwig",
    "import_depth": "bam",
    "import_fasta": "fasta",
    "import_five_prime": "bam",
    "import_fragments": "bam",
    "import_genes": "genes",
    "import_genomedata": "genomedata",
    "import_left_ends": "bam",
    "import_mnase": "bam",
    "import_text": "columns",
    "import_wig": "wig",
    "import_xb": "xb",
    "lift_bed": "bed_lifting",
}
__all__ = [
    "ReadOptions",
    "ReadReport",
    "export_bed",
    "export_bedgraph",
    "export_bigwig",
    "export_fasta",
    "export_npy",
    "export_store",
    "export_wig",
    "export_xb",
    "import_bed",
    "import_bedgraph",
    "import_bigwig",
    "import_depth",
    "import_fasta",
    "import_five_prime",
    "import_fragments",
    "import_genes",
    "import_genomedata",
    "import_left_ends",
    "import_mnase",
    "import_text",
    "import_wig",
    "import_xb",
    "lift_bed",
]

if TYPE_CHECKING:
    from genomearray_converters.bam import ReadOptions, ReadReport, import_depth, import_five_prime, import_fragments, import_left_ends, import_mnase
    from genomearray_converters.bed import export_bed, import_bed
    from genomearray_converters.bed_lifting import lift_bed
    from genomearray_converters.bedgraph import export_bedgraph, import_bedgraph
    from genomearray_converters.bigwig import export_bigwig, import_bigwig
    from genomearray_converters.columns import import_text
    from genomearray_converters.fasta import export_fasta, import_fasta
    from genomearray_converters.genes import import_genes
    from genomearray_converters.genomedata import import_genomedata
    from genomearray_converters.stores import export_npy, export_store
    from genomearray_converters.wig import export_wig, import_wig
    from genomearray_converters.xb import export_xb, import_xb


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
