/* Regions of T as bins, and values of T counted; included by types.h. */

TARGET static void OF(scale_regions_of)(const Argument *given) {
    const T *values = given[0].array.data;
    const int64_t *starts = given[1].array.data, *lengths = given[2].array.data;
    const uint8_t *reverse = given[3].array.data;
    int64_t how = given[4].whole, n = given[5].array.columns, regions = given[1].array.n;
    double *out = given[5].array.data;
    for (int64_t k = 0; k < regions; k++) {
        const T *region = values + starts[k];
        for (int64_t j = 0; j < n; j++) {
            int64_t begin = j * lengths[k], end = begin + lengths[k];
            double total = 0, low = INFINITY, high = -INFINITY;
            int64_t weights = 0;
            for (int64_t i = begin / n; i <= (end - 1) / n; i++) {
                double value = (double)region[i];
                if (value != value) continue;
                int64_t first = i * n > begin ? i * n : begin, last = (i + 1) * n < end ? (i + 1) * n : end;
                total += (double)(last - first) * value;
                weights += last - first;
                low = value < low ? value : low;
                high = value > high ? value : high;
            }
            double number = how == MEAN ? total / (double)weights : how == SUM_OF ? total / (double)n : how == MIN ? low : high;
            out[k * n + (reverse[k] ? n - 1 - j : j)] = weights ? number : NAN;
        }
    }
}

TARGET static void OF(count_digits_of)(const Argument *given) {
#if FLOATS
    (void)given;
#else
    const T *keys = given[0].array.data;
    int64_t shift = given[1].whole, width = given[2].whole, last = given[3].array.n - 1, n = given[0].array.n, columns = given[4].array.columns;
    const uint64_t *prefixes = given[3].array.data;
    int64_t *counts = given[4].array.data;
    uint64_t mask = ((uint64_t)1 << width) - 1;
    if (!last && shift + width >= (int64_t)(8 * sizeof(T)) && prefixes[0] == 0) { /* the first digit: all keys have it */
        for (int64_t i = 0; i < n; i++) counts[(uint64_t)keys[i] >> shift]++;
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        uint64_t above = (uint64_t)keys[i] >> shift, prefix = width < 64 ? above >> width : 0;
        int64_t low = 0, high = last;
        while (low < high) {
            int64_t middle = (low + high) / 2;
            if (prefixes[middle] < prefix)
                low = middle + 1;
            else
                high = middle;
        }
        if (prefixes[low] == prefix) counts[low * columns + (int64_t)(above & mask)]++;
    }
#endif
}

/* Counts of values from ``low`` on; stops, and says so, where one is not among them. */
TARGET static int OF(count_small_of)(const Argument *given) {
#if FLOATS
    (void)given;
    return WRONG_SIZES;
#else
    const T *values = given[0].array.data;
    uint64_t low = (uint64_t)given[1].whole, places = (uint64_t)given[2].array.n;
    int64_t n = given[0].array.n;
    int64_t *counts = given[2].array.data;
    for (int64_t i = 0; i < n; i++) {
        uint64_t at = (uint64_t)values[i] - low;
        if (at >= places) return WRONG_SIZES;
        counts[at]++;
    }
    return OK;
#endif
}

TARGET static int64_t OF(add_up_of)(const Argument *given) {
    const T *values = given[0].array.data;
    int64_t total = 0, n = given[0].array.n;
#if FLOATS
    (void)values, (void)n;
#else
    for (int64_t i = 0; i < n; i++) total += (int64_t)values[i];
#endif
    return total;
}
