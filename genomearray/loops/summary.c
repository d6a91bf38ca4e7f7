/* Statistics of parts of arrays, and parts merged: see genomearray/summary_kernels.py. */
#include "loops.h"
#include "wide.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const void *values;
    const int64_t *starts, *ends;
    int64_t n;
    uint64_t *squares;
    int64_t *count;
    void *sum;
    double *m2;
    void *min, *max, *room;
} Parts;

#define EACH "summary_of.h"
#include "twice.h"

typedef void Summarise(const Parts *);
TABLES(Summarise, summarise_small_of);
TABLES(Summarise, summarise_any_of);

/* The longest part, -1 where one is not a part of the values. */
static int64_t longest(const Array *values, const Array *starts, const Array *ends) {
    const int64_t *low = starts->data, *high = ends->data;
    int64_t most = 0;
    if (ends->n < starts->n) return -1;
    for (int64_t k = 0; k < starts->n; k++) {
        if (low[k] < 0 || high[k] <= low[k] || high[k] > values->n) return -1;
        if (high[k] - low[k] > most) most = high[k] - low[k];
    }
    return most;
}

/* values, starts, ends, squares, then the columns of a Summary: n, sum, m2, min, max */
int summarise_small(const Argument *given, int64_t *results) {
    (void)results;
    const Array *values = &given[0].array;
    int64_t n = given[1].array.n;
    if (longest(values, &given[1].array, &given[2].array) < 0) return WRONG_SIZES;
    for (int k = 3; k < 9; k++)
        if (given[k].array.n != n) return WRONG_SIZES;
    if (given[7].array.type != values->type || given[8].array.type != values->type || values->type > I2) return WRONG_SIZES;
    if (given[5].array.type != (values->type == U1 || values->type == U2 ? U8 : I8)) return WRONG_SIZES;
    Parts parts = {values->data,        given[1].array.data, given[2].array.data, n, given[3].array.data, given[4].array.data, given[5].array.data,
                   given[6].array.data, given[7].array.data, given[8].array.data, NULL};
    CHOSEN(summarise_small_of, values->type)(&parts);
    return OK;
}

/* values, starts, ends, then the columns of a Summary */
int summarise_any(const Argument *given, int64_t *results) {
    (void)results;
    const Array *values = &given[0].array;
    Type sums = values->type > I4 ? F8 : values->type == U1 || values->type == U2 || values->type == U4 ? U8 : I8;
    int64_t n = given[1].array.n, most = longest(values, &given[1].array, &given[2].array);
    if (most < 0) return WRONG_SIZES;
    for (int k = 3; k < 8; k++)
        if (given[k].array.n != n) return WRONG_SIZES;
    if (given[6].array.type != values->type || given[7].array.type != values->type || given[4].array.type != sums) return WRONG_SIZES;
    void *room = NULL;
    if (values->type == F4 || values->type == F8) {
        room = malloc((size_t)(most + 1) * 8);
        if (!room) return OUT_OF_MEMORY;
    }
    Parts parts = {values->data,        given[1].array.data, given[2].array.data, n,   NULL, given[3].array.data, given[4].array.data,
                   given[5].array.data, given[6].array.data, given[7].array.data, room};
    CHOSEN(summarise_any_of, values->type)(&parts);
    free(room);
    return OK;
}

/* ---- parts merged ---------------------------------------------------------------------------- */

typedef struct {
    const int64_t *n_left, *n_right, *first_row, *n_rows;
    int64_t n, right_edges, rows, edges;
    const Argument *row, *edge, *out; /* five columns of a Summary each */
} Merge;

#define EACH "merge_of.h"
#define TARGET
#include "types.h"
#undef TARGET
#undef EACH
typedef int MergeParts(const Merge *);
static MergeParts *const merges[] = EACH_TYPE_(merge_parts_of, );

/* n_left, n_right, first_row, n_rows, rows (5), edges (5), right_edges, out (5) */
int merge_parts(const Argument *given, int64_t *results) {
    (void)results;
    Merge merge = {given[0].array.data, given[1].array.data, given[2].array.data,  given[3].array.data, given[0].array.n, given[14].whole,
                   given[4].array.n,    given[9].array.n,    given + 4, given + 9, given + 15};
    for (int k = 1; k < 4; k++)
        if (given[k].array.n != merge.n) return WRONG_SIZES;
    Type type = given[18].array.type, sums = given[16].array.type;
    for (int k = 0; k < 5; k++) {
        Type wanted = k == 1 ? sums : k > 2 ? type : given[4 + k].array.type;
        if (given[4 + k].array.n != merge.rows || given[9 + k].array.n != merge.edges || given[15 + k].array.n != merge.n) return WRONG_SIZES;
        if (given[4 + k].array.type != wanted || given[9 + k].array.type != wanted || given[15 + k].array.type != wanted) return WRONG_SIZES;
    }
    if (sums != (type > I4 ? F8 : type == U1 || type == U2 || type == U4 ? U8 : I8)) return WRONG_SIZES;
    return merges[type](&merge);
}
