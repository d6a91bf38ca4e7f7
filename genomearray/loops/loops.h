/* The compiled loops of genomearray; what each does is said beside its plain Python function. */
#ifndef GENOMEARRAY_LOOPS_H
#define GENOMEARRAY_LOOPS_H
#include "arguments.h"

typedef int Run(const Argument *given, int64_t *results);

/* summary_kernels */
Run summarise_small, summarise_any, merge_parts;
/* sources.combined */
Run add_whole, add_valid, divide, divide_by_weight, extreme, add_deviations;
Run quantiles;
/* sources.rolling, stacks.strands */
Run roll, convolve, add_lags;
/* compute.kernels, sources.sequence */
Run scale_regions, add_up, count_small, count_digits, count_letters, count_codes, find_pattern;
/* loops.checksum */
Run jenkins;
/* storage.chunks.jobs */
Run cut_intervals;
/* storage.write.paint, sources.feature_kernels */
Run paint_intervals, paint_scores, cover, fill_distances;

/* One number of an array of integers. */
static inline int64_t whole_at(const Array *array, int64_t k) {
    switch (array->type) {
    case I4: return ((const int32_t *)array->data)[k];
    case U4: return ((const uint32_t *)array->data)[k];
    case U8: return (int64_t)((const uint64_t *)array->data)[k];
    case I8: return ((const int64_t *)array->data)[k];
    case U2: return ((const uint16_t *)array->data)[k];
    case I2: return ((const int16_t *)array->data)[k];
    case U1: return ((const uint8_t *)array->data)[k];
    default: return ((const int8_t *)array->data)[k];
    }
}

#endif
