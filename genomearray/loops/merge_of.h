/* Parts with statistics of T merged; included by types.h. */

/* Two parts, each with at least one value, as one: Chan, Golub and LeVeque 1983. */
static int OF(merge_parts_of)(const Merge *merge) {
    const Argument *out = merge->out;
    int64_t left = 0, right = merge->right_edges;
    for (int64_t k = 0; k < merge->n; k++) {
        int64_t n_left = merge->n_left[k], n_rows = merge->n_rows[k], parts = n_left + n_rows + merge->n_right[k];
        int64_t n = 0;
        SUM total = 0;
        double m2 = 0;
        T low = 0, high = 0;
#if FLOATS
        low = high = (T)NAN;
#endif
        for (int64_t part = 0; part < parts; part++) {
            int whole = n_left <= part && part < n_left + n_rows;
            const Argument *from = whole ? merge->row : merge->edge;
            int64_t at = part < n_left ? left + part : whole ? merge->first_row[k] + part - n_left : right + part - n_left - n_rows;
            if (at < 0 || at >= (whole ? merge->rows : merge->edges)) return WRONG_SIZES;
            int64_t n2 = ((const int64_t *)from[0].array.data)[at];
            SUM total2 = ((const SUM *)from[1].array.data)[at];
            double m22 = ((const double *)from[2].array.data)[at];
            T low2 = ((const T *)from[3].array.data)[at], high2 = ((const T *)from[4].array.data)[at];
            if (n2 == 0) continue;
            if (n == 0) {
                n = n2, total = total2, m2 = m22, low = low2, high = high2;
            } else {
                double delta = (double)total2 / (double)n2 - (double)total / (double)n;
                m2 = m2 + m22 + delta * delta * ((double)(n * n2) / (double)(n + n2));
                total += total2;
                low = low2 < low ? low2 : low;
                high = high2 > high ? high2 : high;
                n += n2;
            }
        }
        left += n_left, right += merge->n_right[k];
        ((int64_t *)out[0].array.data)[k] = n;
        ((SUM *)out[1].array.data)[k] = total;
        ((double *)out[2].array.data)[k] = m2;
        ((T *)out[3].array.data)[k] = low;
        ((T *)out[4].array.data)[k] = high;
    }
    return OK;
}
