/* Bytes in long runs as deflate (RFC 1951).
 *
 * A chunk of a few runs is a hundred tokens: a general compressor spends nine tenths of its time on what
 * comes before and after them. This one knows a single kind of match (distance 1), and finds the lengths of
 * its codes without a tree: by the logarithms of the counts (Shannon), shortened until the code is complete.
 * A chunk takes 2 to 5 % more bytes than zlib's, and a third of its time. Any inflate reads it; the one here
 * reads nothing else, and is done before a general one has built its tables: they have thousands of entries,
 * for a handful of symbols.
 */
#include "runs.h"
#include <string.h>

enum { END = 256, SYMBOLS = 286, MATCH = 256, LONGEST = 258, SHORTEST = 3, MOST_BITS = 15 };

/* RFC 1951, section 3.2.5: the symbol of a length, and its extra bits. */
static uint16_t symbol_of[LONGEST + 1];
static uint8_t extra_bits[LONGEST + 1];
static uint16_t extra_value[LONGEST + 1];
static uint16_t shortest_of[SYMBOLS]; /* and back: the least length of a symbol */
static uint8_t extra_of[SYMBOLS];

static void prepare_lengths(void);

void prepare_runs(void) {
    int length = SHORTEST;
    for (int symbol = 257; symbol < 285; symbol++) {
        int bits = symbol < 265 ? 0 : (symbol - 261) / 4;
        for (int k = 0; k < 1 << bits && length < LONGEST; k++, length++)
            symbol_of[length] = (uint16_t)symbol, extra_bits[length] = (uint8_t)bits, extra_value[length] = (uint16_t)k;
        shortest_of[symbol] = (uint16_t)(length - (1 << bits)), extra_of[symbol] = (uint8_t)bits;
    }
    shortest_of[284] = LONGEST - 31; /* of whose 32 lengths the last one has a symbol of its own */
    symbol_of[LONGEST] = 285, shortest_of[285] = LONGEST;
    prepare_lengths();
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

/* ---- and back ---------------------------------------------------------------------------------- */

enum { WIDEST = 12, LENGTH_WIDTH = 6, LENGTH_HEADER = 57 };

typedef struct {
    const uint8_t *at, *end;
    uint64_t bits;
    int n, beyond; /* bits at hand; bytes that were asked for after the end */
} Bits;

static inline void refill(Bits *in) {
    while (in->n <= 56) {
        if (in->at < in->end)
            in->bits |= (uint64_t)*in->at++ << in->n;
        else
            in->beyond++;
        in->n += 8;
    }
}

static inline uint32_t take(Bits *in, int n) {
    uint32_t bits = (uint32_t)(in->bits & ((UINT64_C(1) << n) - 1));
    in->bits >>= n, in->n -= n;
    return bits;
}

static uint64_t length_header;                    /* how put_header describes the code of the lengths */
static uint8_t length_table[1 << LENGTH_WIDTH];   /* its symbols, by the bits that come */

static void prepare_lengths(void) {
    uint16_t codes[19];
    find_codes(LENGTH_BITS, 19, codes);
    for (int k = 0; k < 19; k++) {
        length_header |= (uint64_t)LENGTH_BITS[ORDER[k]] << (3 * k);
        for (int bits = codes[k]; bits < 1 << LENGTH_WIDTH; bits += 1 << LENGTH_BITS[k]) length_table[bits] = (uint8_t)k;
    }
}

/* The lengths of all codes; 0 where they are not as put_header writes them. */
static int get_lengths(Bits *in, uint8_t *lengths) {
    refill(in);
    if (take(in, 3) != 5) return 0;
    int last = (int)take(in, 5) + 257;
    if (take(in, 5) || take(in, 4) != 15 || last > SYMBOLS) return 0;
    refill(in);
    uint64_t header = in->bits & ((UINT64_C(1) << LENGTH_HEADER) - 1);
    if (header != length_header) return 0;
    in->bits >>= LENGTH_HEADER, in->n -= LENGTH_HEADER;
    for (int k = 0; k <= last;) { /* the last one is that of the distance */
        refill(in);
        int symbol = length_table[in->bits & ((1 << LENGTH_WIDTH) - 1)], same = 1, length = symbol;
        take(in, LENGTH_BITS[symbol]);
        if (symbol == 16) {
            if (!k) return 0;
            same = 3 + (int)take(in, 2), length = lengths[k - 1];
        } else if (symbol > 16) {
            same = symbol == 17 ? 3 + (int)take(in, 3) : 11 + (int)take(in, 7), length = 0;
        }
        if (same > last + 1 - k) return 0;
        memset(lengths + k, length, (size_t)same);
        k += same;
    }
    int distance = lengths[last];
    memset(lengths + last, 0, (size_t)(SYMBOLS + 1 - last));
    return distance == 1;
}

/* Symbols (16 bits) and lengths (4 bits) by the bits that come; their number, 0 for a code that is not
 * complete, or has longer words than pay for a table. */
static int get_table(const uint8_t *lengths, uint32_t *table) {
    uint16_t symbols[SYMBOLS], next[MOST_BITS + 2] = {0}, count[MOST_BITS + 1] = {0};
    int n = 0, widest = 0, slack = 1 << WIDEST;
    for (int k = 0; k < SYMBOLS; k += 8) { /* nearly all are 0 */
        uint64_t eight = 0;
        memcpy(&eight, lengths + k, k + 8 <= SYMBOLS ? 8 : SYMBOLS - k);
        if (!eight) continue;
        for (int j = k; j < k + 8 && j < SYMBOLS; j++)
            if (lengths[j]) symbols[n++] = (uint16_t)j, count[lengths[j]]++, widest = lengths[j] > widest ? lengths[j] : widest;
    }
    if (!n || widest > WIDEST) return 0;
    for (int bits = 1; bits <= widest; bits++) {
        slack -= count[bits] << (WIDEST - bits);
        next[bits + 1] = (uint16_t)((next[bits] + count[bits]) << 1);
    }
    if (slack) return 0;
    for (int k = 0; k < n; k++) {
        int length = lengths[symbols[k]];
        uint32_t code = next[length]++, turned = 0;
        for (int bit = 0; bit < length; bit++) turned = turned << 1 | (code >> bit & 1);
        for (; turned < 1u << widest; turned += 1u << length) table[turned] = (uint32_t)symbols[k] << 4 | (uint32_t)length;
    }
    return widest;
}

int inflate_runs(const uint8_t *stream, size_t size, uint8_t *out, size_t n) {
    uint8_t lengths[SYMBOLS + 1 + 8] = {0}, *begin = out, *stop = out + n;
    uint32_t table[1 << WIDEST];
    Bits in = {stream, stream + size, 0, 0, 0};
    if (!get_lengths(&in, lengths)) return 0;
    int widest = get_table(lengths, table);
    if (!widest) return 0;
    size_t run = 0; /* bytes like the last one that are not written yet */
    for (;;) {
        refill(&in);
        uint32_t entry = table[in.bits & ((1u << widest) - 1)], symbol = entry >> 4;
        take(&in, (int)(entry & 15));
        if (symbol > END) {
            run += shortest_of[symbol] + take(&in, extra_of[symbol]);
            if (take(&in, 1) || out == begin || run > (size_t)(stop - out)) return 0;
            continue;
        }
        if (run) {
            memset(out, out[-1], run);
            out += run, run = 0;
        }
        if (symbol == END) break;
        if (out == stop) return 0;
        *out++ = (uint8_t)symbol;
    }
    return out == stop && 8 * in.beyond <= in.n && in.at + in.beyond - in.n / 8 == in.end;
}
