/* Medians and quantiles of stretches of values: see genomearray/order_kernels.py. */
#include "loops.h"
#include <math.h>
#include <stdlib.h>

enum { FEW = 24 }; /* values that are sorted by insertion */

static void swap(double *a, int64_t i, int64_t j) {
    double held = a[i];
    a[i] = a[j], a[j] = held;
}

static void sort_few(double *a, int64_t low, int64_t high) {
    for (int64_t i = low + 1; i <= high; i++) {
        double value = a[i];
        int64_t j = i;
        for (; j > low && a[j - 1] > value; j--) a[j] = a[j - 1];
        a[j] = value;
    }
}

/* Put the k-th least of n values to its place, less ones before it and greater ones after it. Equal values,
   of which depth has many, are put aside together; pivots are drawn, so that no order of values is slow. */
static void select_place(double *a, int64_t n, int64_t k) {
    int64_t low = 0, high = n - 1;
    uint64_t drawn = 0x9E3779B97F4A7C15u;
    while (high - low >= FEW) {
        drawn ^= drawn << 13, drawn ^= drawn >> 7, drawn ^= drawn << 17;
        double pivot = a[low + (int64_t)(drawn % (uint64_t)(high - low + 1))];
        int64_t less = low, at = low, more = high;
        while (at <= more) {
            if (a[at] < pivot)
                swap(a, less++, at++);
            else if (a[at] > pivot)
                swap(a, at, more--);
            else
                at++;
        }
        if (k < less)
            high = less - 1;
        else if (k > more)
            low = more + 1;
        else
            return;
    }
    sort_few(a, low, high);
}

/* The quantile q of n values, interpolated as numpy does; q < 0: the median, the mean of the middle two. */
static double quantile_of(double *held, int64_t n, double q) {
    if (!n) return NAN;
    double place = q < 0 ? (double)(n - 1) / 2 : (double)(n - 1) * q, left_place = floor(place), part = place - left_place;
    int64_t k = (int64_t)left_place;
    select_place(held, n, k);
    double left = held[k];
    if (part == 0) return left;
    double right = held[k + 1];
    for (int64_t i = k + 2; i < n; i++) right = held[i] < right ? held[i] : right;
    if (left == right) return left;
    if (q < 0) return (left + right) / 2;
    return part < 0.5 ? left + (right - left) * part : right - (right - left) * (1 - part);
}

/* values, starts, ends, wanted, out */
int quantiles(const Argument *given, int64_t *results) {
    (void)results;
    const double *values = given[0].array.data, *wanted = given[3].array.data;
    const int64_t *starts = given[1].array.data, *ends = given[2].array.data;
    int64_t n = given[1].array.n, columns = given[3].array.n, longest = 0;
    const Array *out = &given[4].array;
    if (given[2].array.n != n || out->n != n || out->columns != columns || out->type < F4) return WRONG_SIZES;
    for (int64_t i = 0; i < n; i++) {
        if (starts[i] < 0 || ends[i] < starts[i] || ends[i] > given[0].array.n * given[0].array.columns) return WRONG_SIZES;
        longest = ends[i] - starts[i] > longest ? ends[i] - starts[i] : longest;
    }
    double *held = malloc((size_t)(longest + 1) * sizeof *held);
    if (!held) return OUT_OF_MEMORY;
    for (int64_t i = 0; i < n; i++) {
        int64_t count = 0;
        for (int64_t k = starts[i]; k < ends[i]; k++) {
            held[count] = values[k];
            count += values[k] == values[k];
        }
        for (int64_t k = 0; k < columns; k++) {
            double found = quantile_of(held, count, wanted[k]);
            if (out->type == F8)
                ((double *)out->data)[i * columns + k] = found;
            else
                ((float *)out->data)[i * columns + k] = (float)found;
        }
    }
    free(held);
    return OK;
}
