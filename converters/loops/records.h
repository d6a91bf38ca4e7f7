/* Bytes of BAM records, and windows of counts: see converters/reads/records.py and window.py. */
#ifndef GENOMEARRAY_RECORDS_H
#define GENOMEARRAY_RECORDS_H
#include "../../genomearray/loops/arguments.h"

/* Flags. */
enum { PAIRED = 0x1, PROPER = 0x2, UNMAPPED_FLAG = 0x4, MATE_UNMAPPED = 0x8, REVERSE = 0x10, MATE_REVERSE = 0x20, READ1 = 0x40, READ2 = 0x80, NOT_PRIMARY = 0x900 };
enum { HEAD = 36, COLUMNS_OF_READS = 6 };

/* Little-endian integers at a place. */
static inline int64_t u16(const uint8_t *at) { return at[0] | at[1] << 8; }
static inline int64_t u32(const uint8_t *at) { return at[0] | at[1] << 8 | at[2] << 16 | (int64_t)at[3] << 24; }
static inline int64_t i32(const uint8_t *at) { return (int32_t)(uint32_t)u32(at); }
static inline int64_t u64(const uint8_t *at) { return (int64_t)((uint64_t)u32(at) | (uint64_t)u32(at + 4) << 32); }

/* Whether a CIGAR operation advances along the reference (M, D, N, =, X), and along the read (M, I, S, =, X). */
static inline int covers(int64_t operation) { return 0x18D >> operation & 1; }
static inline int in_read(int64_t operation) { return 0x193 >> operation & 1; }

/* The columns of records.ReadColumns. */
typedef struct {
    int64_t *offset, *start, *end, *flag, *cigar, *operations;
    int64_t room;
} Reads;

static inline Reads take_reads(const Argument *given) {
    Reads reads = {given[0].array.data, given[1].array.data, given[2].array.data, given[3].array.data, given[4].array.data, given[5].array.data,
                   given[0].array.n};
    for (int k = 1; k < COLUMNS_OF_READS; k++)
        if (given[k].array.n < reads.room) reads.room = given[k].array.n;
    return reads;
}

/* Reference bases that the mate covers, by the tag MC (its CIGAR as text); -1 where it is not known. */
int64_t mate_span(const uint8_t *record);

/* ---- a window of counts ---------------------------------------------------------------------- */

enum { BASE, LENGTH, FIRST_COUNTED, LAST_COUNTED, N_FAR, PLACES };

typedef struct {
    uint32_t *counts;
    int64_t strands, width;
    int64_t *place, *far, far_room;
    const int64_t *regions;
    int64_t n_regions;
} Counting;

/* From counts, place, far; whether they are of shapes that belong together. */
int take_window(const Argument *given, Counting *window);
void take_regions(const Argument *given, Counting *window);

/* Count the bases [start, end), offsets on the chromosome; what is outside of it is left out. */
static inline void add(const Counting *window, int64_t strand, int64_t start, int64_t end) {
    int64_t *place = window->place, base = place[BASE];
    if (start < base) start = base;
    if (end > place[LENGTH]) end = place[LENGTH];
    if (start >= end) return;
    int64_t stop = end < base + window->width ? end : base + window->width;
    if (start < stop) {
        uint32_t *part = window->counts + strand * window->width + (start - base);
        for (int64_t k = 0; k < stop - start; k++) part[k]++;
        if (start - base < place[FIRST_COUNTED]) place[FIRST_COUNTED] = start - base;
        if (stop - base > place[LAST_COUNTED]) place[LAST_COUNTED] = stop - base;
    }
    if (end > stop) {
        int64_t *row = window->far + 3 * place[N_FAR]++;
        row[0] = start > stop ? start : stop, row[1] = end, row[2] = strand;
    }
}

/* Whether [start, end) shares a base with one of the regions; none: with everything. */
static inline int meets(const Counting *window, int64_t start, int64_t end) {
    int64_t low = 0, high = window->n_regions;
    if (!high) return 1;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (window->regions[2 * middle + 1] > start)
            high = middle;
        else
            low = middle + 1;
    }
    return low < window->n_regions && window->regions[2 * low] < end;
}

#endif
