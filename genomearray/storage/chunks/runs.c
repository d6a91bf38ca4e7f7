/* Bytes in long runs as deflate (RFC 1951).
 *
 * A chunk of a few runs is a hundred tokens: a general compressor spends nine tenths of its time on what
 * comes before and after them. This one knows a single kind of match (distance 1), and finds the lengths of
 * its codes without a tree: by the logarithms of the counts (Shannon), shortened until the code is complete.
 * A chunk takes 2 to 5 % more bytes than zlib's, and a third of its time. Any inflate reads it.
 */
#include "runs.h"
#include <string.h>

enum { END = 256, SYMBOLS = 286, MATCH = 256, LONGEST = 258, SHORTEST = 3, MOST_BITS = 15 };

/* RFC 1951, section 3.2.5: the symbol of a length, and its extra bits. */
static uint16_t symbol_of[LONGEST + 1];
static uint8_t extra_bits[LONGEST + 1];
static uint16_t extra_value[LONGEST + 1];

void prepare_runs(void) {
    int length = SHORTEST;
    for (int symbol = 257; symbol < 285; symbol++) {
        int bits = symbol < 265 ? 0 : (symbol - 261) / 4;
        for (int k = 0; k < 1 << bits && length < LONGEST; k++, length++)
            symbol_of[length] = (uint16_t)symbol, extra_bits[length] = (uint8_t)bits, extra_value[length] = (uint16_t)k;
    }
    symbol_of[LONGEST] = 285;
}

/* Literals below 256, and runs of the byte before as MATCH + length. */
static size_t tokenize(const uint8_t *bytes, size_t n, uint16_t *tokens, uint32_t *counts) {
    size_t used = 0;
    for (size_t at = 0; at < n;) {
        uint8_t byte = bytes[at];
        size_t end = at + 1;
        uint64_t same = byte * UINT64_C(0x0101010101010101), word;
        for (; end + 8 <= n; end += 8) {
            memcpy(&word, bytes + end, 8);
            if (word != same) break;
        }
        while (end < n && bytes[end] == byte) end++;
        tokens[used++] = byte;
        counts[byte]++;
        size_t left = end - at - 1;
        while (left >= SHORTEST) {
            size_t length = left < LONGEST ? left : LONGEST;
            if (left - length && left - length < SHORTEST) length = left - SHORTEST; /* nothing is left over */
            tokens[used++] = (uint16_t)(MATCH + length);
            counts[symbol_of[length]]++;
            left -= length;
        }
        for (; left; left--) tokens[used++] = byte, counts[byte]++;
        at = end;
    }
    return used;
}

/* Lengths of the codes of all symbols that occur, of which there are two at least. */
static void find_lengths(const uint32_t *counts, uint8_t *lengths) {
    uint32_t total = 0, unit = 1u << MOST_BITS;
    uint16_t symbols[SYMBOLS];
    int n = 0;
    for (int k = 0; k < SYMBOLS; k++)
        if (counts[k]) total += counts[k], symbols[n++] = (uint16_t)k;
    int64_t slack = unit;
    for (int k = 0; k < n; k++) {
        int bits = 1;
        while (bits < MOST_BITS && (uint64_t)counts[symbols[k]] << bits < total) bits++;
        lengths[symbols[k]] = (uint8_t)bits;
        slack -= unit >> bits;
    }
    for (int bits = MOST_BITS - 1; slack < 0; bits--) /* rare symbols were cut to 15 bits: others make room */
        for (int k = 0; k < n && slack < 0; k++)
            if (lengths[symbols[k]] == bits) slack += unit >> ++lengths[symbols[k]];
    while (slack > 0) /* complete, as inflate wants it; the frequent ones first */
        for (int bits = 2; bits <= MOST_BITS && slack > 0; bits++)
            for (int k = 0; k < n && slack >= unit >> bits; k++)
                if (lengths[symbols[k]] == bits) lengths[symbols[k]]--, slack -= unit >> bits;
}

/* RFC 1951, section 3.2.2; the bits of a code are sent from its first one on. */
static void find_codes(const uint8_t *lengths, int n, uint16_t *codes) {
    uint16_t next[MOST_BITS + 1] = {0}, count[MOST_BITS + 1] = {0};
    for (int k = 0; k < n; k++) count[lengths[k]]++;
    count[0] = 0;
    for (int bits = 1; bits <= MOST_BITS; bits++) next[bits] = (uint16_t)((next[bits - 1] + count[bits - 1]) << 1);
    for (int k = 0; k < n; k++) {
        uint16_t code = lengths[k] ? next[lengths[k]]++ : 0, turned = 0;
        for (int bit = 0; bit < lengths[k]; bit++) turned = (uint16_t)(turned << 1 | (code >> bit & 1));
        codes[k] = turned;
    }
}

typedef struct {
    uint8_t *at, *end;
    uint64_t bits;
    int n;
} Sink;

static inline void put(Sink *sink, uint32_t bits, int n) {
    sink->bits |= (uint64_t)bits << sink->n;
    sink->n += n;
    while (sink->n >= 8) {
        if (sink->at < sink->end) *sink->at = (uint8_t)sink->bits;
        sink->at++;
        sink->bits >>= 8, sink->n -= 8;
    }
}

/* The code of the lengths of codes: always the same one, and complete. In the order of section 3.2.7. */
static const uint8_t ORDER[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
static const uint8_t LENGTH_BITS[19] = {3, 6, 6, 5, 5, 4, 4, 4, 4, 5, 5, 6, 6, 6, 6, 6, 6, 3, 2};

static void put_header(Sink *sink, const uint8_t *lengths) {
    uint16_t codes[19];
    int last = SYMBOLS;
    find_codes(LENGTH_BITS, 19, codes);
    while (!lengths[last - 1]) last--;
    put(sink, 5, 3); /* the last block, with codes of its own */
    put(sink, (uint32_t)last - 257, 5);
    put(sink, 0, 5); /* one distance */
    put(sink, 15, 4);
    for (int k = 0; k < 19; k++) put(sink, LENGTH_BITS[ORDER[k]], 3);
    for (int k = 0; k < last;) {
        int same = 1;
        while (k + same < last && lengths[k + same] == lengths[k]) same++;
        if (lengths[k]) {
            put(sink, codes[lengths[k]], LENGTH_BITS[lengths[k]]);
            k++;
            for (same--; same >= 3;) {
                int some = same < 6 ? same : 6;
                put(sink, codes[16], LENGTH_BITS[16]), put(sink, (uint32_t)some - 3, 2);
                same -= some, k += some;
            }
        } else if (same < 3) {
            put(sink, codes[0], LENGTH_BITS[0]);
            k++;
        } else {
            int some = same < 138 ? same : 138, large = some > 10;
            put(sink, codes[17 + large], LENGTH_BITS[17 + large]);
            put(sink, (uint32_t)(some - (large ? 11 : 3)), large ? 7 : 3);
            k += some;
        }
    }
    put(sink, codes[1], LENGTH_BITS[1]); /* the distance has one bit */
}

size_t deflate_runs(const uint8_t *bytes, size_t n, uint8_t *out, size_t room, uint16_t *tokens) {
    uint32_t counts[SYMBOLS] = {0};
    uint8_t lengths[SYMBOLS] = {0};
    uint16_t codes[SYMBOLS];
    size_t used = tokenize(bytes, n, tokens, counts);
    counts[END] = 1;
    find_lengths(counts, lengths);
    find_codes(lengths, SYMBOLS, codes);
    Sink sink = {out, out + room, 0, 0};
    put_header(&sink, lengths);
    for (size_t k = 0; k < used; k++) {
        if (tokens[k] < MATCH) {
            put(&sink, codes[tokens[k]], lengths[tokens[k]]);
        } else {
            int length = tokens[k] - MATCH, symbol = symbol_of[length];
            put(&sink, codes[symbol], lengths[symbol]);
            put(&sink, extra_value[length], extra_bits[length] + 1); /* and a bit, 0, for the distance */
        }
    }
    put(&sink, codes[END], lengths[END]);
    put(&sink, 0, 7);
    return sink.at <= sink.end ? (size_t)(sink.at - out) : 0;
}
