/* Answers over many bases: see genomearray/compute/kernels.py and genomearray/sources/sequence.py. */
#include "loops.h"
#include "wide.h"
#include <math.h>
#include <string.h>

/* genomearray.choices.How; the last is MAX */
enum { MEAN, SUM_OF, MIN };

#define EACH "scaled_of.h"
#include "twice.h"

typedef int CountSmall(const Argument *);
typedef int64_t AddUp(const Argument *);
TABLES(OfType, scale_regions_of);
TABLES(OfType, count_digits_of);
TABLES(CountSmall, count_small_of);
TABLES(AddUp, add_up_of);

/* values, starts, lengths, reverse, how, out */
int scale_regions(const Argument *given, int64_t *results) {
    (void)results;
    const int64_t *starts = given[1].array.data, *lengths = given[2].array.data;
    int64_t n = given[1].array.n;
    if (given[2].array.n != n || given[3].array.n != n || given[5].array.n != n || given[5].array.columns < 1) return WRONG_SIZES;
    for (int64_t k = 0; k < n; k++)
        if (starts[k] < 0 || lengths[k] < 1 || starts[k] > given[0].array.n - lengths[k]) return WRONG_SIZES;
    CHOSEN(scale_regions_of, given[0].array.type)(given);
    return OK;
}

/* values */
int add_up(const Argument *given, int64_t *results) {
    results[0] = CHOSEN(add_up_of, given[0].array.type)(given);
    return OK;
}

/* values, low, counts */
int count_small(const Argument *given, int64_t *results) {
    (void)results;
    return CHOSEN(count_small_of, given[0].array.type)(given);
}

/* keys, shift, width, prefixes, counts */
int count_digits(const Argument *given, int64_t *results) {
    (void)results;
    int64_t shift = given[1].whole, width = given[2].whole;
    if (shift < 0 || shift > 63 || width < 1 || width > 20 || given[3].array.n < 1) return WRONG_SIZES;
    if (given[4].array.n != given[3].array.n || given[4].array.columns != (int64_t)1 << width) return WRONG_SIZES;
    CHOSEN(count_digits_of, given[0].array.type)(given);
    return OK;
}

/* letters, counts */
int count_letters(const Argument *given, int64_t *results) {
    (void)results;
    const uint8_t *letters = given[0].array.data;
    int64_t n = given[0].array.n, *counts = given[1].array.data;
    if (given[1].array.n != 256) return WRONG_SIZES;
    /* Four tables: one alone waits for itself where a letter follows its like. */
    int64_t some[4][256], whole = n / 4 * 4;
    memset(some, 0, sizeof some);
    for (int64_t i = 0; i < whole; i += 4)
        for (int k = 0; k < 4; k++) some[k][letters[i + k]]++;
    for (int64_t i = whole; i < n; i++) some[0][letters[i]]++;
    for (int k = 0; k < 256; k++) counts[k] += some[0][k] + some[1][k] + some[2][k] + some[3][k];
    return OK;
}

/* codes, k, starts, counts */
int count_codes(const Argument *given, int64_t *results) {
    (void)results;
    const int64_t *codes = given[0].array.data;
    int64_t k = given[1].whole, starts = given[2].whole, *counts = given[3].array.data, n = given[0].array.n, value = 0, good = 0;
    if (k < 1 || k > 31 || given[3].array.n != (int64_t)1 << 2 * k) return WRONG_SIZES;
    int64_t mask = ((int64_t)1 << 2 * k) - 1;
    for (int64_t at = 0; at < n; at++) {
        if (codes[at] < 0) {
            value = good = 0;
            continue;
        }
        value = (value << 2 | (codes[at] & 3)) & mask;
        good++;
        if (good >= k && at - k + 1 < starts) counts[value]++;
    }
    return OK;
}

/* sets, pattern, out */
int find_pattern(const Argument *given, int64_t *results) {
    (void)results;
    const uint8_t *sets = given[0].array.data, *pattern = given[1].array.data;
    uint8_t *out = given[2].array.data;
    int64_t size = given[1].array.n, n = given[0].array.n - size + 1;
    if (n > given[2].array.n) n = given[2].array.n;
    for (int64_t at = 0; at < n; at++) {
        int64_t k = 0;
        while (k < size && sets[at + k] && !(sets[at + k] & ~pattern[k])) k++;
        if (k == size) out[at] = 1;
    }
    return OK;
}
