/* Windows that move along a chromosome: see genomearray/sources/rolling.py and genomearray/stacks/strands.py. */
#include "loops.h"
#include "wide.h"
#include <math.h>
#include <stdlib.h>

/* genomearray.choices.How */
enum { MEAN, SUM_OF, MIN, MAX };

static inline double with(double total, double value, int64_t how) {
    if (how < MIN) return total + value;
    if (how == MAX) return value > total ? value : total;
    return value < total ? value : total;
}

/* values, window, first, least, how, out */
int roll(const Argument *given, int64_t *results) {
    (void)results;
    const double *values = given[0].array.data;
    int64_t window = given[1].whole, first = given[2].whole, least = given[3].whole, how = given[4].whole, size = given[5].array.n;
    double *out = given[5].array.data;
    if (window < 1 || first < 0 || first + size > given[0].array.n) return WRONG_SIZES;
    double *heads = malloc((size_t)window * sizeof *heads), nothing = how < MIN ? 0 : how == MAX ? -INFINITY : INFINITY;
    int64_t *counts = malloc((size_t)window * sizeof *counts);
    if (!heads || !counts) {
        free(heads), free(counts);
        return OUT_OF_MEMORY;
    }
    for (int64_t k = 0; k < size;) {
        int64_t border = (first + k) / window * window, count = 0, n = 0; /* the tail begins here */
        double total = nothing, tail = nothing;
        /* Heads: what begins at border - window + j and ends before the border. */
        for (int64_t j = window - 1; j > 0; j--) {
            int64_t at = border - window + j;
            double value = at >= 0 ? values[at] : NAN;
            if (value == value) total = with(total, value, how), count++;
            heads[j] = total, counts[j] = count;
        }
        for (int64_t at = border; at < border + window && at < first + size; at++) {
            double value = values[at];
            if (value == value) tail = with(tail, value, how), n++;
            if (at < first) continue;
            int64_t j = at - border + 1, valid = n; /* the window begins at border - window + j */
            double both = tail;
            if (j < window) both = with(both, heads[j], how), valid += counts[j];
            out[k++] = valid < least ? NAN : how == MEAN ? both / (double)valid : both;
        }
    }
    free(heads), free(counts);
    return OK;
}

enum { TILE = 2048 };

#define CONVOLVE(TARGET, name)                                                                                                          \
    TARGET static void name(const double *restrict values, const double *weights, int64_t n_weights, double *restrict out, int64_t n) { \
        for (int64_t low = 0; low < n; low += TILE) {                                                                                   \
            int64_t high = low + TILE < n ? low + TILE : n;                                                                             \
            for (int64_t i = low; i < high; i++) out[i] = 0;                                                                            \
            for (int64_t k = 0; k < n_weights; k++)                                                                                     \
                for (int64_t i = low; i < high; i++) out[i] += weights[k] * values[i + k];                                              \
        }                                                                                                                               \
    }
CONVOLVE(, convolve_plain)
#if HAS_WIDE
CONVOLVE(FOR_AVX2, convolve_wide)
#else
#define convolve_wide convolve_plain
#endif

/* values, weights, out */
int convolve(const Argument *given, int64_t *results) {
    (void)results;
    int64_t n_weights = given[1].array.n, n = given[2].array.n;
    if (n_weights < 1 || given[0].array.n < n + n_weights - 1) return WRONG_SIZES;
    (use_wide ? convolve_wide : convolve_plain)(given[0].array.data, given[1].array.data, n_weights, given[2].array.data, n);
    return OK;
}

/* one, other, lags, out */
int add_lags(const Argument *given, int64_t *results) {
    (void)results;
    const double *one = given[0].array.data, *other = given[1].array.data;
    const int64_t *lags = given[2].array.data;
    double *out = given[3].array.data;
    int64_t n = given[0].array.n, n_lags = given[2].array.n;
    if (given[3].array.n != n_lags) return WRONG_SIZES;
    for (int64_t k = 0; k < n_lags; k++)
        if (lags[k] < 0 || lags[k] > given[1].array.n - n) return WRONG_SIZES;
    for (int64_t i = 0; i < n; i++)
        if (one[i] != 0)
            for (int64_t k = 0; k < n_lags; k++) out[k] += one[i] * other[i + lags[k]];
    return OK;
}
