/* The compiled loops of the converters. */
#ifndef GENOMEARRAY_CONVERTER_LOOPS_H
#define GENOMEARRAY_CONVERTER_LOOPS_H
#include "../../genomearray/loops/arguments.h"
typedef int Run(const Argument *given, int64_t *results);
/* bedgraph, wig, text_columns, fasta */
Run scan_bedgraph, scan_wig, scan_columns, scan_table, copy_letters;
/* reads.records, reads.window */
Run scan_records, read_lengths, add_intervals;
/* reads.count_kernels */
Run count_depth, count_ends, find_fragments, select_fragments, add_fragments;
/* reads.mates */
Run waiting_alive, waiting_rebuild;
#endif
