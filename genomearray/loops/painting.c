/* Intervals onto arrays: see genomearray/storage/write/paint.py and genomearray/sources/feature_kernels.py. */
#include "loops.h"
#include <string.h>

static size_t size_of(Type type) {
    static const size_t sizes[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
    return sizes[type];
}

/* FOR_SIZE(type): statements of one of the unsigned integers, by the size of the numbers of an array. */
#define BY_SIZE(array, FOR_SIZE)      \
    switch (size_of((array)->type)) { \
    case 1: FOR_SIZE(uint8_t) break;  \
    case 2: FOR_SIZE(uint16_t) break; \
    case 4: FOR_SIZE(uint32_t) break; \
    default: FOR_SIZE(uint64_t)       \
    }

/* block, written, starts, ends, values, reach: bases written again, the new reach */
int paint_intervals(const Argument *given, int64_t *results) {
    const Array *block = &given[0].array, *values = &given[4].array;
    uint8_t *written = given[1].array.data;
    const int32_t *starts = given[2].array.data, *ends = given[3].array.data;
    int64_t n = given[2].array.n, reach = given[5].whole, again = 0;
    if (given[3].array.n != n || values->n != n || values->type != block->type || given[1].array.n < block->n) return WRONG_SIZES;
    for (int64_t k = 0; k < n; k++)
        if (starts[k] < 0 || ends[k] > block->n) return WRONG_SIZES;
    if (reach < 0 || reach > block->n) return WRONG_SIZES;
#define PAINT(T)                                                                              \
    for (int64_t k = 0; k < n; k++) {                                                         \
        T value = ((const T *)values->data)[k], *to = (T *)block->data + starts[k];           \
        int64_t start = starts[k], length = ends[k] - start;                                  \
        for (int64_t i = start; i < start + length && i < reach; i++) again += written[i];    \
        for (int64_t i = 0; i < length; i++) to[i] = value;                                   \
        for (int64_t i = start; i < start + length; i++) written[i] = 1;                      \
        if (start + length > reach) reach = start + length;                                   \
    }
    BY_SIZE(block, PAINT)
#undef PAINT
    results[0] = again, results[1] = reach;
    return OK;
}

/* out, starts, ends, values */
int paint_scores(const Argument *given, int64_t *results) {
    (void)results;
    const Array *out = &given[0].array, *values = &given[3].array;
    const int64_t *starts = given[1].array.data, *ends = given[2].array.data;
    int64_t n = given[1].array.n;
    if (given[2].array.n != n || values->n != n || values->type != out->type) return WRONG_SIZES;
    for (int64_t k = 0; k < n; k++)
        if (starts[k] < 0 || ends[k] > out->n) return WRONG_SIZES;
#define PAINT(T)                                                                   \
    for (int64_t k = 0; k < n; k++) {                                              \
        T value = ((const T *)values->data)[k], *to = out->data;                   \
        for (int64_t i = starts[k]; i < ends[k]; i++) to[i] = value;               \
    }
    BY_SIZE(out, PAINT)
#undef PAINT
    return OK;
}

/* depth, starts, ends, first */
int cover(const Argument *given, int64_t *results) {
    (void)results;
    uint32_t *depth = given[0].array.data, total = 0;
    int64_t first = given[3].whole, last = first + given[0].array.n - 1;
    if (given[0].array.n < 1 || given[2].array.n != given[1].array.n) return WRONG_SIZES;
    for (int64_t k = 0; k < given[1].array.n; k++) {
        int64_t low = whole_at(&given[1].array, k), high = whole_at(&given[2].array, k);
        low = low > first ? low : first, high = high < last ? high : last;
        if (low >= high) continue;
        depth[low - first]++;
        depth[high - first]--; /* modulo 2**32, which the sums undo */
    }
    for (int64_t k = 0; k < given[0].array.n; k++) depth[k] = total += depth[k];
    return OK;
}

/* Numbers that rise, or fall, by ``step`` from ``value`` on, on [start, end). */
static void fill_line(const Array *out, int64_t start, int64_t end, int64_t value, int64_t step) {
#define LINE(T)                                                                                                \
    for (int64_t k = start; k < end; k++) ((T *)out->data)[k] = (T)(value + step * (k - start));
    switch (out->type) {
    case F4: LINE(float) break;
    case F8: LINE(double) break;
    case I4: LINE(int32_t) break;
    default: LINE(int64_t)
    }
#undef LINE
}

/* out, first, row, starts, reach, furthest, upstream, signed */
int fill_distances(const Argument *given, int64_t *results) {
    (void)results;
    const Array *out = &given[0].array, *starts = &given[3].array, *reach = &given[4].array;
    const int64_t *furthest = given[5].array.data;
    const int8_t *upstream = given[6].array.data;
    int64_t first = given[1].whole, row = given[2].whole, n = starts->n;
    int with_sign = given[7].whole;
    if (out->type != F4 && out->type != F8 && out->type != I4 && out->type != I8) return WRONG_SIZES;
    if (row < 0 || row > n || reach->n != n || given[5].array.n != n || given[6].array.n != n) return WRONG_SIZES;
    for (int64_t k = 0; k < n; k++)
        if (furthest[k] < 0 || furthest[k] >= n) return WRONG_SIZES;
    /* Between two features distances to the left one rise, then those to the right one fall. */
    int64_t last = first + out->n;
    for (int64_t base = first, stop; base < last; base = stop) {
        while (row < n && whole_at(starts, row) <= base) row++;
        int64_t reached = row > 0 ? whole_at(reach, row - 1) : INT64_MIN, right = row < n ? whole_at(starts, row) : INT64_MAX;
        stop = right < last ? right : last;
        if (reached > base) { /* inside */
            stop = reached < stop ? reached : stop;
            fill_line(out, base - first, stop - first, 0, 0);
            continue;
        }
        int64_t turn = row == 0 ? base : row == n ? last : (reached - 1 + right) / 2 + 1; /* from here on the right one is nearer */
        turn = turn < base ? base : turn > stop ? stop : turn;
        int64_t left_sign = with_sign && row > 0 ? upstream[furthest[row - 1]] : 1, right_sign = with_sign && row < n ? -upstream[row] : 1;
        if (row > 0) fill_line(out, base - first, turn - first, left_sign * (base - reached + 1), left_sign);
        if (row < n) fill_line(out, turn - first, stop - first, right_sign * (right - turn), -right_sign);
    }
    return OK;
}
