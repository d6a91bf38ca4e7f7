/* Intervals cut at the borders of chunks: see genomearray/storage/chunks/jobs.py. */
#include "loops.h"

/* Columns of a job: genomearray/storage/chunks/codecs.py. */
enum { LOW = 3, HIGH, DEST, STEP, COLUMNS };

static inline int64_t one_or_all(const Array *array, int64_t k) {
    return ((const int64_t *)array->data)[array->n == 1 ? 0 : k];
}

/* starts, ends, dest, step, chunk, jobs, index, of: whether they are in the order of chunks */
int cut_intervals(const Argument *given, int64_t *results) {
    const int64_t *starts = given[0].array.data, *ends = given[1].array.data;
    int64_t chunk = given[4].whole, n = given[0].array.n, rows = given[5].array.n, row = 0, last = INT64_MIN;
    int64_t *jobs = given[5].array.data, *index = given[6].array.data, *of = given[7].array.data;
    if (chunk < 1 || given[1].array.n != n || (rows && given[5].array.columns != COLUMNS)) return WRONG_SIZES;
    if (given[6].array.n != rows || given[7].array.n != rows) return WRONG_SIZES;
    for (int j = 2; j < 4; j++)
        if (given[j].array.n != 1 && given[j].array.n != n) return WRONG_SIZES;
    results[0] = 1;
    for (int64_t k = 0; k < n; k++) {
        int64_t start = starts[k], end = ends[k], dest = one_or_all(&given[2].array, k), step = one_or_all(&given[3].array, k);
        if (start < 0 || start >= end) return WRONG_SIZES;
        int64_t at = start / chunk, stop = (end - 1) / chunk;
        if (stop - at >= rows - row) return WRONG_SIZES;
        if (at < last) results[0] = 0;
        for (; at <= stop; at++, row++) {
            int64_t base = at * chunk, low = start > base ? start - base : 0, *job = jobs + row * COLUMNS;
            job[LOW] = low;
            job[HIGH] = end - base < chunk ? end - base : chunk;
            job[DEST] = dest + (base + low - start) * step;
            job[STEP] = step;
            index[row] = at, of[row] = k;
        }
        last = stop;
    }
    return row == rows ? OK : WRONG_SIZES;
}
