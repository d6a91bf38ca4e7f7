#include "text.h"

static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* A token without digits: a missing value, infinity, or no number. */
static int word(Text text, int64_t at, int64_t end, double *value) {
    const uint8_t *bytes = text.bytes;
    *value = NAN;
    if (end - at == 1 && bytes[at] == '.') return MISSING;
    int negative = at < end && bytes[at] == '-';
    if (negative || (at < end && bytes[at] == '+')) at++;
    int64_t size = end - at;
    if ((size == 2 || size == 3) && (bytes[at] | 32) == 'n' && (bytes[at + 1] | 32) == 'a' && (size == 2 || (bytes[at + 2] | 32) == 'n'))
        return MISSING;
    *value = 0;
    if (size != 3 && size != 8) return NOT_A_NUMBER;
    for (int64_t k = 0; k < size; k++)
        if ((bytes[at + k] | 32) != "infinity"[k]) return NOT_A_NUMBER;
    *value = negative ? -INFINITY : INFINITY;
    return NUMBER;
}

static inline int is_digit(uint8_t byte) { return (uint8_t)(byte - '0') <= 9; }

/* A token as a number: Clinger's fast path (1990, doi:10.1145/93542.93557); what is longer is SLOW. */
int number(Text text, int64_t at, int64_t end, double *value) {
    const uint8_t *bytes = text.bytes;
    int64_t first = at, digits = 0, exponent = 0;
    *value = 0;
    int negative = at < end && bytes[at] == '-';
    if (negative || (at < end && bytes[at] == '+')) at++;
    uint64_t mantissa = 0;
    int seen = 0;
    for (; at < end && is_digit(bytes[at]); at++) {
        seen = 1;
        if (digits < 19) {
            mantissa = mantissa * 10 + (uint64_t)(bytes[at] - '0');
            digits += mantissa > 0;
        } else {
            digits++, exponent++;
        }
    }
    if (at < end && bytes[at] == '.') {
        for (at++; at < end && is_digit(bytes[at]); at++) {
            seen = 1;
            if (digits < 19) {
                mantissa = mantissa * 10 + (uint64_t)(bytes[at] - '0');
                digits += mantissa > 0;
                exponent--;
            } else {
                digits++;
            }
        }
    }
    if (!seen) return word(text, first, end, value);
    if (at < end && (bytes[at] == 'e' || bytes[at] == 'E')) {
        at++;
        int down = at < end && bytes[at] == '-';
        if (at < end && (down || bytes[at] == '+')) at++;
        if (at == end) return NOT_A_NUMBER;
        int64_t power = 0;
        for (; at < end && is_digit(bytes[at]); at++) {
            power = power * 10 + (bytes[at] - '0');
            if (power > 100000) power = 100000;
        }
        exponent += down ? -power : power;
    }
    if (at != end) return NOT_A_NUMBER;
    if (!mantissa) {
        *value = negative ? -0.0 : 0.0;
        return NUMBER;
    }
    if (mantissa >= (uint64_t)1 << 53 || digits > 19 || exponent > 22 || exponent < -22) return SLOW;
    double amount = (double)mantissa;
    amount = exponent < 0 ? amount / POWERS[-exponent] : amount * POWERS[exponent];
    *value = negative ? -amount : amount;
    return NUMBER;
}

/* A token as a whole number: see genomearray.input_file.whole_number. */
int whole(Text text, int64_t at, int64_t end, int64_t *value) {
    double amount;
    *value = 0;
    for (int64_t k = at; k < end; k++)
        if (text.bytes[k] == '.' || (k > at && text.bytes[k] == '-')) return 0; /* a fraction, or a negative power */
    if (number(text, at, end, &amount) != NUMBER || amount != floor(amount) || fabs(amount) > 1e15) return 0;
    *value = (int64_t)amount;
    return 1;
}

/* The plain whole number that begins at ``at``, -1 when it is anything else: the fast path of coordinates. */
static inline int64_t plain(Text text, int64_t *at, int64_t end) {
    int64_t first = *at, k = first, value = 0;
    for (; k < end && is_digit(text.bytes[k]); k++) value = k - first < 15 ? value * 10 + (text.bytes[k] - '0') : 0;
    if (k == first || k - first > 15 || (k < end && !is_blank(text.bytes[k]))) return -1;
    *at = k;
    return value;
}

Stop scan_fields(Text text, int64_t at, int64_t end, int64_t line, Rows *rows) {
    int64_t row = rows->n[0], chrom = at, places[2];
    at = token_end(text, at, end);
    int64_t chrom_end = at;
    for (int k = 0; k < 2; k++) {
        at = skip_blanks(text, at, end);
        if (at == end) return (Stop){TOO_FEW, chrom, end, k + 1};
        int64_t stop = at;
        places[k] = plain(text, &stop, end);
        if (places[k] < 0) {
            stop = token_end(text, at, end);
            if (!whole(text, at, stop, &places[k])) return (Stop){BAD_INTEGER, at, stop, k + 2};
        }
        at = stop;
    }
    at = skip_blanks(text, at, end);
    if (at == end) return (Stop){TOO_FEW, chrom, end, 3};
    int64_t stop = token_end(text, at, end);
    int kind = number(text, at, stop, &rows->values[row]);
    if (kind == NOT_A_NUMBER) return (Stop){BAD_NUMBER, at, stop, 4};
    if (kind == SLOW) add_slow(rows, row, at, stop);
    if (skip_blanks(text, stop, end) != end) return (Stop){TOO_MANY, chrom, end, 5};
    if (!goes_on(text, rows, chrom, chrom_end)) add_run(rows, row, chrom, chrom_end);
    rows->starts[row] = places[0], rows->ends[row] = places[1], rows->lines[row] = (int32_t)line;
    rows->n[0]++;
    return (Stop){FINE, 0, 0, 0};
}
