/* Statistics of parts of an array of T; included by types.h. */

#if FLOATS
/* Whole numbers in the order of the floats: least and most of them become wide instructions without a licence
 * to reorder (-0 is below 0, and there is no NaN). */
TARGET static inline KEY OF(key)(T value) {
    KEY bits;
    memcpy(&bits, &value, sizeof bits);
    return bits ^ (bits < 0 ? MOST_KEY : 0);
}

TARGET static inline T OF(of_key)(KEY bits) {
    T value;
    bits ^= bits < 0 ? MOST_KEY : 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

TARGET static void OF(range)(const T *values, int64_t n, T *least, T *most) {
    KEY low = OF(key)(values[0]), high = low;
    for (int64_t i = 0; i < n; i++) {
        KEY value = OF(key)(values[i]);
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    *least = OF(of_key)(low), *most = OF(of_key)(high);
}
#else
TARGET static void OF(range)(const T *values, int64_t n, T *least, T *most) {
    T low = values[0], high = values[0];
    for (int64_t i = 0; i < n; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    *least = low, *most = high;
}
#endif

/* Eight sums side by side, always the same ones: one alone waits for itself at every addition. */
TARGET static SUM OF(sum)(const T *values, int64_t n) {
    SUM s[8] = {0};
    int64_t whole = n / 8 * 8;
    for (int64_t i = 0; i < whole; i += 8)
        for (int k = 0; k < 8; k++) s[k] += (SUM)values[i + k];
    for (int64_t i = whole; i < n; i++) s[0] += (SUM)values[i];
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

/* Sum of squared deviations from a mean, four side by side. */
TARGET static double OF(squares)(const T *values, int64_t n, double mean) {
    double s[4] = {0};
    int64_t whole = n / 4 * 4;
    for (int64_t i = 0; i < whole; i += 4)
        for (int k = 0; k < 4; k++) {
            double d = (double)values[i + k] - mean;
            s[k] += d * d;
        }
    for (int64_t i = whole; i < n; i++) {
        double d = (double)values[i] - mean;
        s[0] += d * d;
    }
    return (s[0] + s[1]) + (s[2] + s[3]);
}

#if !FLOATS
/* Sums of squares of numbers up to ``most``: of so many at a time that they fit 32 bits, where that is worth it. */
TARGET static uint64_t OF(squares_of_small)(const T *values, int64_t n, int64_t most) {
    uint64_t squares = 0;
    int64_t together = most ? ((int64_t)1 << 31) / (most * most) - 1 : n;
    if (together < 64 || most > INT16_MAX) {
        for (int64_t i = 0; i < n; i++) squares += (uint32_t)values[i] * (uint32_t)values[i];
        return squares;
    }
    for (int64_t low = 0; low < n; low += together) {
        int64_t high = low + together < n ? low + together : n;
        int32_t some = 0;
        for (int64_t i = low; i < high; i++) some += (int16_t)values[i] * (int16_t)values[i];
        squares += (uint32_t)some;
    }
    return squares;
}
#endif

/* Exact sums, sums of squares and ranges of 8- or 16-bit integers. */
TARGET static void OF(summarise_small_of)(const Parts *parts) {
#if FLOATS
    (void)parts;
#else
    if (sizeof(T) > 2) return;
    const T *all = parts->values;
    for (int64_t k = 0; k < parts->n; k++) {
        const T *values = all + parts->starts[k];
        int64_t n = parts->ends[k] - parts->starts[k];
        T *min = (T *)parts->min + k, *max = (T *)parts->max + k;
        OF(range)(values, n, min, max);
        int64_t most = -(int64_t)*min > (int64_t)*max ? -(int64_t)*min : (int64_t)*max;
        SUM total = 0;
        /* 2**15 numbers of 16 bits: a sum of them fits 32 bits, and wide instructions take twice as many. */
        for (int64_t low = 0; low < n; low += 1 << 15) {
            int64_t high = low + (1 << 15) < n ? low + (1 << 15) : n;
            int32_t some = 0;
            for (int64_t i = low; i < high; i++) some += (int32_t)values[i];
            total += (SUM)some;
        }
        ((SUM *)parts->sum)[k] = total;
        parts->squares[k] = OF(squares_of_small)(values, n, most);
    }
#endif
}

#if FLOATS
TARGET static int64_t OF(missing)(const T *values, int64_t n) {
    int64_t count = 0;
    for (int64_t low = 0; low < n; low += 1 << 20) {
        int64_t high = low + (1 << 20) < n ? low + (1 << 20) : n;
        int32_t some = 0;
        for (int64_t i = low; i < high; i++) some += values[i] != values[i];
        count += some;
    }
    return count;
}
#endif

TARGET static void OF(summarise_any_of)(const Parts *parts) {
    const T *all = parts->values;
    for (int64_t k = 0; k < parts->n; k++) {
        const T *values = all + parts->starts[k];
        int64_t n = parts->ends[k] - parts->starts[k];
        T *min = (T *)parts->min + k, *max = (T *)parts->max + k;
        SUM *sum = (SUM *)parts->sum + k;
#if FLOATS
        int64_t missing = OF(missing)(values, n);
        if (missing == n) {
            parts->count[k] = 0, *sum = 0, parts->m2[k] = 0, *min = *max = values[0];
            continue;
        }
        if (missing) { /* the values without the missing ones, so that the loops need not ask */
            T *valid = parts->room;
            int64_t at = 0;
            for (int64_t i = 0; i < n; i++) {
                valid[at] = values[i];
                at += values[i] == values[i];
            }
            values = valid, n = at;
        }
#endif
        OF(range)(values, n, min, max);
        *sum = OF(sum)(values, n);
        parts->count[k] = n;
        parts->m2[k] = *min < *max ? OF(squares)(values, n, (double)*sum / (double)n) : 0;
    }
}
