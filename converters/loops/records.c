#include "records.h"
#include "loops.h"
#include <string.h>

/* Why a scan stopped. */
enum { MORE, LIMIT, FULL, BAD, UNSORTED };
enum { SEEN, UNMAPPED, FLAGS, REQUIRED, MAPQ, NO_BASES, N_COUNTS };
enum { LAST_CONTIG, LAST_POS, CONTIG, POS, WANTED, N_STATE };
enum { MOST_BYTES = 1 << 28 };

/* Bytes of the tag that begins at ``at``, -1 where it is none or goes beyond ``end``. */
static int64_t tag_size(const uint8_t *at, const uint8_t *end) {
    if (end - at < 4) return -1;
    int64_t size;
    switch (at[2]) {
    case 'B':
        if (end - at < 8) return -1;
        size = 8 + u32(at + 4) * (at[3] == 'c' || at[3] == 'C' ? 1 : at[3] == 's' || at[3] == 'S' ? 2 : 4);
        break;
    case 'Z':
    case 'H':
        for (size = 3; size < end - at && at[size]; size++) {}
        size++;
        break;
    case 'A':
    case 'c':
    case 'C': size = 4; break;
    case 's':
    case 'S': size = 5; break;
    case 'i':
    case 'I':
    case 'f': size = 7; break;
    default: return -1;
    }
    return size <= end - at ? size : -1;
}

/* The tag of a name among those from ``at`` on, or NULL. */
static const uint8_t *find_tag(const uint8_t *at, const uint8_t *end, const char *name) {
    for (int64_t size; (size = tag_size(at, end)) >= 0; at += size)
        if (at[0] == (uint8_t)name[0] && at[1] == (uint8_t)name[1]) return at;
    return NULL;
}

static const uint8_t *tags_of(const uint8_t *record) {
    int64_t letters = i32(record + 20);
    return record + HEAD + record[12] + 4 * u16(record + 16) + (letters + 1) / 2 + letters;
}

int64_t mate_span(const uint8_t *record) {
    const uint8_t *tag = find_tag(tags_of(record), record + 4 + i32(record), "MC");
    if (!tag || tag[2] != 'Z') return -1;
    int64_t span = 0, number = 0;
    for (const uint8_t *at = tag + 3; *at; at++) {
        if (*at >= '0' && *at <= '9') {
            number = number * 10 + (*at - '0');
            if (number > (int64_t)1 << 31) number = (int64_t)1 << 31;
        } else {
            span += strchr("MDN=X", *at) ? number : 0;
            number = 0;
        }
    }
    return span;
}

/* What is wrong with the fields of a record whose bytes are all there; 0: nothing. */
static int fields_fit(const uint8_t *record, int64_t size) {
    int64_t letters = i32(record + 20), after = HEAD + record[12] + 4 * u16(record + 16) + (letters + 1) / 2 + letters;
    return record[12] >= 1 && letters >= 0 && after <= 4 + size;
}

/* data, at, end, contig, limit, n_contigs, keep, rule, state, counts, reads (6): why it stopped, where, rows */
int scan_records(const Argument *given, int64_t *results) {
    const uint8_t *data = given[0].array.data;
    int64_t at = given[1].whole, end = given[2].whole, contig = given[3].whole, limit = given[4].whole, n_contigs = given[5].whole, n = 0;
    int keep = given[6].whole;
    if (at < 0 || end > given[0].array.n || given[7].array.n != 3 || given[8].array.n != N_STATE || given[9].array.n != N_COUNTS)
        return WRONG_SIZES;
    const int64_t *rule = given[7].array.data;
    int64_t *state = given[8].array.data, *counts = given[9].array.data, why = MORE;
    Reads reads = take_reads(given + 10);
    state[WANTED] = HEAD;
    while (end - at >= HEAD) {
        const uint8_t *record = data + at;
        int64_t size = i32(record), where = i32(record + 4), pos = i32(record + 8), flag = u16(record + 18), letters = i32(record + 20);
        if (size < 32 || size > MOST_BYTES || where < -1 || where >= n_contigs || pos < -1) {
            why = BAD;
            state[WANTED] = size < 32 || size > MOST_BYTES ? 1 : pos < -1 && where >= -1 && where < n_contigs ? 3 : 2;
            break;
        }
        int64_t place = where < 0 ? n_contigs : where;
        int unsorted = place < state[LAST_CONTIG] || (place == state[LAST_CONTIG] && place < n_contigs && pos < state[LAST_POS]);
        if (unsorted || place != contig || pos >= limit) {
            why = unsorted ? UNSORTED : LIMIT;
            state[CONTIG] = place, state[POS] = pos;
            break;
        }
        if (end - at < 4 + size) {
            state[WANTED] = 4 + size;
            break;
        }
        if (n == reads.room) {
            why = FULL;
            break;
        }
        state[LAST_CONTIG] = place, state[LAST_POS] = pos;
        if (!fields_fit(record, size)) {
            why = BAD, state[WANTED] = 4;
            break;
        }
        int64_t stop = at + 4 + size, start = at;
        counts[SEEN]++;
        at = stop;
        if (!keep) continue;
        if (flag & UNMAPPED_FLAG || where < 0 || pos < 0) {
            counts[UNMAPPED]++;
            continue;
        }
        if (flag & rule[1]) {
            counts[FLAGS]++;
            continue;
        }
        if ((flag & rule[2]) != rule[2]) {
            counts[REQUIRED]++;
            continue;
        }
        if (record[13] < rule[0]) {
            counts[MAPQ]++;
            continue;
        }
        int64_t operations = u16(record + 16), cigar = start + HEAD + record[12];
        /* Section 4.2.2: the CIGAR is <letters>S<bases>N, and the real one stands in the tag CG. */
        if (operations == 2 && u32(data + cigar) == (letters << 4 | 4) && (data[cigar + 4] & 15) == 3) {
            const uint8_t *tag = find_tag(tags_of(record), data + stop, "CG");
            if (tag && tag[2] == 'B' && (tag[3] == 'I' || tag[3] == 'i') && u32(tag + 4) >= 2)
                operations = u32(tag + 4), cigar = tag + 8 - data;
        }
        int64_t bases = 0, query = 0, worst = 0;
        for (int64_t k = 0; k < operations; k++) {
            int64_t word = u32(data + cigar + 4 * k), operation = word & 15, length = word >> 4;
            worst = operation > worst ? operation : worst;
            bases += covers(operation) ? length : 0;
            query += in_read(operation) ? length : 0;
        }
        if (worst > 8 || bases > (int64_t)1 << 31 || (letters > 0 && operations > 0 && query != letters)) {
            why = BAD, state[WANTED] = worst > 8 ? 5 : bases > (int64_t)1 << 31 ? 6 : 7;
            at = start;
            break;
        }
        if (!bases) {
            counts[NO_BASES]++;
            continue;
        }
        reads.offset[n] = start, reads.start[n] = pos, reads.end[n] = pos + bases;
        reads.flag[n] = flag, reads.cigar[n] = cigar, reads.operations[n] = operations;
        n++;
    }
    results[0] = why, results[1] = at, results[2] = n;
    return OK;
}

/* data, reads (6), n, lengths, extremes */
int read_lengths(const Argument *given, int64_t *results) {
    (void)results;
    const uint8_t *data = given[0].array.data;
    Reads reads = take_reads(given + 1);
    int64_t n = given[7].whole, *lengths = given[8].array.data, most = given[8].array.n - 1, *extremes = given[9].array.data;
    if (n > reads.room || most < 0 || given[9].array.n != 3) return WRONG_SIZES;
    for (int64_t k = 0; k < n; k++) {
        int64_t length = i32(data + reads.offset[k] + 20);
        if (!length) /* the letters are left out: what the CIGAR says */
            for (int64_t j = 0; j < reads.operations[k]; j++) {
                int64_t word = u32(data + reads.cigar[k] + 4 * j);
                length += in_read(word & 15) ? word >> 4 : 0;
            }
        lengths[length < most ? length : most]++;
        if (length < extremes[0]) extremes[0] = length;
        if (length > extremes[1]) extremes[1] = length;
        extremes[2] += length;
    }
    return OK;
}
