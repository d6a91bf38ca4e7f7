/* Values of T added to, or compared with, those of other tracks; included by types.h. */

TARGET static void OF(add_whole_of)(const Argument *given) {
#if FLOATS
    (void)given;
#else
    const T *restrict values = given[0].array.data;
    int64_t n = given[0].array.n;
    void *total = given[1].array.data;
#define ADD_TO(U)                                                    \
    {                                                                \
        U *restrict to = total;                                      \
        for (int64_t i = 0; i < n; i++) to[i] += (U)values[i];       \
        break;                                                       \
    }
    switch (given[1].array.type) {
    case U1: ADD_TO(uint8_t)
    case I1: ADD_TO(int8_t)
    case U2: ADD_TO(uint16_t)
    case I2: ADD_TO(int16_t)
    case U4: ADD_TO(uint32_t)
    case I4: ADD_TO(int32_t)
    case U8: ADD_TO(uint64_t)
    case I8: ADD_TO(int64_t)
    default: break;
    }
#undef ADD_TO
#endif
}

/* Always a store: a conditional one becomes a masked store, which some processors take 150 ns for. */
TARGET static void OF(add_valid_of)(const Argument *given) {
    const T *restrict values = given[0].array.data;
    double *restrict total = given[3].array.data, *restrict weight = given[4].array.data;
    int64_t n = given[0].array.n;
    double scale = given[1].number, step = given[2].whole ? scale : 1.0;
    for (int64_t i = 0; i < n; i++) {
        double value = (double)values[i];
        int has_data = value == value;
        total[i] += has_data ? scale * value : 0.0;
        weight[i] += has_data ? step : 0.0;
    }
}

#define KEEP(BETTER)                                                          \
    for (int64_t i = 0; i < n; i++) {                                         \
        double value = (double)values[i];                                     \
        int has_data = value == value;                                        \
        int better = has_data & ((weight[i] == 0) | (value BETTER total[i])); \
        total[i] = better ? value : total[i];                                 \
        weight[i] += has_data ? 1.0 : 0.0;                                    \
    }
TARGET static void OF(extreme_of)(const Argument *given) {
    const T *restrict values = given[0].array.data;
    double *restrict total = given[2].array.data, *restrict weight = given[3].array.data;
    int64_t n = given[0].array.n;
    if (given[1].whole)
        KEEP(<)
    else
        KEEP(>)
}
#undef KEEP

TARGET static void OF(divide_of)(const Argument *given) {
    const T *restrict total = given[0].array.data;
    int64_t n = given[0].array.n;
    double by = given[1].number;
    if (given[2].array.type == F8) {
        double *restrict out = given[2].array.data;
        for (int64_t i = 0; i < n; i++) out[i] = (double)total[i] / by;
    } else {
        float *restrict out = given[2].array.data;
        for (int64_t i = 0; i < n; i++) out[i] = (float)((double)total[i] / by);
    }
}

/* Welford (1962), doi:10.1080/00401706.1962.10490022: how many values there are, their mean, squares of deviations. */
TARGET static void OF(add_deviations_of)(const Argument *given) {
    const T *restrict values = given[0].array.data;
    double *restrict count = given[1].array.data, *restrict mean = given[2].array.data, *restrict m2 = given[3].array.data;
    int64_t n = given[0].array.n;
    for (int64_t i = 0; i < n; i++) {
        double value = (double)values[i];
        int has_data = value == value;
        double more = count[i] + 1.0, step = value - mean[i], moved = mean[i] + step / more;
        double square = m2[i] + step * (value - moved);
        count[i] = has_data ? more : count[i];
        mean[i] = has_data ? moved : mean[i];
        m2[i] = has_data ? square : m2[i];
    }
}
