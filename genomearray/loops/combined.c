/* One number of those of several tracks at each base: see genomearray/sources/combined.py. */
#include "loops.h"
#include "wide.h"
#include <math.h>
#include <stdlib.h>

#define EACH "combined_of.h"
#include "twice.h"

TABLES(OfType, add_whole_of);
TABLES(OfType, add_valid_of);
TABLES(OfType, extreme_of);
TABLES(OfType, divide_of);
TABLES(OfType, add_deviations_of);

/* values, total */
int add_whole(const Argument *given, int64_t *results) {
    (void)results;
    if (given[1].array.n != given[0].array.n) return WRONG_SIZES;
    CHOSEN(add_whole_of, given[0].array.type)(given);
    return OK;
}

/* values, scale, mean, total, weight */
int add_valid(const Argument *given, int64_t *results) {
    (void)results;
    if (given[3].array.n != given[0].array.n || given[4].array.n != given[0].array.n) return WRONG_SIZES;
    CHOSEN(add_valid_of, given[0].array.type)(given);
    return OK;
}

/* values, least, total, weight */
int extreme(const Argument *given, int64_t *results) {
    (void)results;
    if (given[2].array.n != given[0].array.n || given[3].array.n != given[0].array.n) return WRONG_SIZES;
    CHOSEN(extreme_of, given[0].array.type)(given);
    return OK;
}

/* total, n, out */
int divide(const Argument *given, int64_t *results) {
    (void)results;
    if (given[2].array.n != given[0].array.n || given[2].array.type < F4) return WRONG_SIZES;
    CHOSEN(divide_of, given[0].array.type)(given);
    return OK;
}

#define DIVIDE_BY_WEIGHT(TARGET, name, T)                                                                    \
    TARGET static void name(const double *restrict total, const double *restrict weight, int64_t n, int mean, T *restrict out) { \
        for (int64_t i = 0; i < n; i++) {                                                                     \
            int has_data = weight[i] > 0;                                                                     \
            double value = total[i] / (has_data && mean ? weight[i] : 1.0);                                   \
            out[i] = (T)(has_data ? value : NAN);                                                             \
        }                                                                                                     \
    }
DIVIDE_BY_WEIGHT(, by_weight_f4, float)
DIVIDE_BY_WEIGHT(, by_weight_f8, double)
#if HAS_WIDE
DIVIDE_BY_WEIGHT(FOR_AVX2, by_weight_f4_wide, float)
DIVIDE_BY_WEIGHT(FOR_AVX2, by_weight_f8_wide, double)
#else
#define by_weight_f4_wide by_weight_f4
#define by_weight_f8_wide by_weight_f8
#endif

/* total, weight, mean, out */
int divide_by_weight(const Argument *given, int64_t *results) {
    (void)results;
    int64_t n = given[0].array.n;
    int mean = given[2].whole;
    if (given[1].array.n != n || given[3].array.n != n || given[3].array.type < F4) return WRONG_SIZES;
    if (given[3].array.type == F8)
        (use_wide ? by_weight_f8_wide : by_weight_f8)(given[0].array.data, given[1].array.data, n, mean, given[3].array.data);
    else
        (use_wide ? by_weight_f4_wide : by_weight_f4)(given[0].array.data, given[1].array.data, n, mean, given[3].array.data);
    return OK;
}

/* values, n, mean, m2 */
int add_deviations(const Argument *given, int64_t *results) {
    (void)results;
    for (int k = 1; k < 4; k++)
        if (given[k].array.n != given[0].array.n) return WRONG_SIZES;
    CHOSEN(add_deviations_of, given[0].array.type)(given);
    return OK;
}
