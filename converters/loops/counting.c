/* Reads onto a window of counts: see converters/reads/count_kernels.py. */
#include "loops.h"
#include "mates.h"
#include "records.h"

/* Why a read that passed the filters is not counted. */
enum { OUTSIDE, ELSEWHERE, NOTHING, NOT_A_PAIR, NOT_FIRST, SAME_STRAND, SIZE, FAR_MATE, NO_SIZE, OUTWARD, N_REASONS };
/* Why counting stopped. */
enum { DONE, FAR_ROOM, WAITING_ROOM };
enum { LEFT, FRAGMENT_SIZE, STRAND, QUALITY, DOVETAIL, FRAGMENT_COLUMNS };

int take_window(const Argument *given, Counting *window) {
    const Array *counts = &given[0].array, *far = &given[2].array;
    *window = (Counting){counts->data, counts->n, counts->columns, given[1].array.data, far->data, far->n, NULL, 0};
    return given[1].array.n == PLACES && far->columns == 3;
}

void take_regions(const Argument *given, Counting *window) { window->regions = given->array.data, window->n_regions = given->array.n; }

/* counts, place, far, intervals */
int add_intervals(const Argument *given, int64_t *results) {
    (void)results;
    Counting window;
    const int64_t *rows = given[3].array.data;
    if (!take_window(given, &window) || (given[3].array.n && given[3].array.columns != 3)) return WRONG_SIZES;
    if (window.place[N_FAR] + given[3].array.n > window.far_room) return WRONG_SIZES;
    for (int64_t k = 0; k < given[3].array.n; k++) {
        const int64_t *row = rows + 3 * k;
        if (row[2] < 0 || row[2] >= window.strands) return WRONG_SIZES;
        add(&window, row[2], row[0], row[1]);
    }
    return OK;
}

/* ---- depth ----------------------------------------------------------------------------------- */

/* The covered stretches of a read, one after the other: [begin, end); k is the operation after it. */
typedef struct {
    const uint8_t *cigar;
    int64_t operations, k, at, begin, end;
    int deletions;
} Walk;

static inline int next_run(Walk *walk) {
    int64_t begin = walk->at;
    while (walk->k < walk->operations) {
        int64_t word = u32(walk->cigar + 4 * walk->k++), operation = word & 15, length = word >> 4;
        if (!covers(operation)) continue;
        if (operation != 3 && (operation != 2 || walk->deletions)) {
            walk->at += length;
            continue;
        }
        int64_t end = walk->at;
        walk->at += length;
        if (end > begin) {
            walk->begin = begin, walk->end = end;
            return 1;
        }
        begin = walk->at;
    }
    walk->begin = begin, walk->end = walk->at;
    return begin < walk->at;
}

static Walk walk_of(const uint8_t *cigar, int64_t operations, int64_t start, int deletions) {
    return (Walk){cigar, operations, 0, start, start, start, deletions};
}

/* Count the bases of a read that its waiting mate does not cover. */
static void cover_rest(const Counting *window, int64_t strand, Walk read, WaitingRead mate) {
    Walk other = walk_of(mate.cigar, mate.operations, mate.start, read.deletions);
    int held = next_run(&other);
    while (next_run(&read)) {
        while (read.begin < read.end) {
            while (held && other.end <= read.begin) held = next_run(&other);
            if (held && other.begin < read.end) {
                add(window, strand, read.begin, other.begin < read.end ? other.begin : read.end);
                read.begin = other.end < read.end ? other.end : read.end;
            } else {
                add(window, strand, read.begin, read.end);
                read.begin = read.end;
            }
        }
    }
}

/* data, reads (6), first, n, deletions, extend, once, strands, table, store, state, counts, place, far, regions,
 * reasons: why it stopped, how many are done, how many were extended */
int count_depth(const Argument *given, int64_t *results) {
    const uint8_t *data = given[0].array.data;
    Reads reads = take_reads(given + 1);
    int64_t first = given[7].whole, n = given[8].whole, extend = given[10].whole, strands = given[12].whole, extended = 0;
    int deletions = given[9].whole, once = given[11].whole;
    Waiting waiting;
    Counting window;
    int64_t *reasons = given[20].array.data;
    if (!take_waiting(given + 13, &waiting) || !take_window(given + 16, &window) || given[20].array.n != N_REASONS) return WRONG_SIZES;
    if (first < 0 || n > reads.room || strands > window.strands) return WRONG_SIZES;
    take_regions(given + 19, &window);
    const int64_t *place = window.place;
    for (int64_t k = first; k < n; k++) {
        int64_t start = reads.start[k], end = reads.end[k], flag = reads.flag[k], operations = reads.operations[k];
        const uint8_t *cigar = data + reads.cigar[k], *record = data + reads.offset[k];
        results[1] = k, results[2] = extended;
        if (place[N_FAR] + operations + 2 > window.far_room) {
            results[0] = FAR_ROOM;
            return OK;
        }
        int reverse = (flag & REVERSE) != 0, longer = extend > end - start && !(flag & PAIRED);
        int64_t strand = strands == 2 && reverse;
        if (longer && reverse)
            start = end - extend;
        else if (longer)
            end = start + extend;
        int alone = longer || (operations == 1 && (cigar[0] & 15) == 0); /* M alone, as most reads are */
        int64_t bases = end - start;
        int inside = start < place[LENGTH] && end > 0, wanted = meets(&window, start, end);
        if (!alone) {
            bases = inside = wanted = 0;
            for (Walk walk = walk_of(cigar, operations, start, deletions); next_run(&walk);) {
                bases += walk.end - walk.begin;
                inside = inside || walk.begin < place[LENGTH];
                wanted = wanted || (walk.begin < place[LENGTH] && meets(&window, walk.begin, walk.end));
            }
        }
        if (!bases || !inside) {
            reasons[!bases ? NOTHING : OUTSIDE]++;
            continue;
        }
        if (once) {
            uint64_t key = 0;
            int64_t slot = -1;
            int role = role_of_mate(record, flag, start, end, &waiting, &key, &slot);
            if (role == SECOND) {
                WaitingRead mate = waiting_read(waiting.store + waiting.table[MATE_COLUMNS * slot + STORE]);
                if (place[N_FAR] + operations + mate.operations + 2 > window.far_room) {
                    results[0] = FAR_ROOM;
                    return OK;
                }
                cover_rest(&window, strand, walk_of(cigar, operations, start, deletions), mate);
                remove_waiting(&waiting, slot);
                reasons[ELSEWHERE] += !wanted;
                continue;
            }
            if (role == FIRST && !store_waiting(record, start, flag & (READ1 | READ2), cigar, operations, &waiting, key)) {
                results[0] = WAITING_ROOM;
                return OK;
            }
        }
        if (!wanted) {
            reasons[ELSEWHERE]++;
            continue;
        }
        extended += longer;
        if (alone)
            add(&window, strand, start, end);
        else
            for (Walk walk = walk_of(cigar, operations, start, deletions); next_run(&walk);) add(&window, strand, walk.begin, walk.end);
    }
    results[0] = DONE, results[1] = n, results[2] = extended;
    return OK;
}

/* ---- ends ------------------------------------------------------------------------------------ */

/* reads (6), n, left, forward, backward, strands, counts, place, far, regions, reasons */
int count_ends(const Argument *given, int64_t *results) {
    (void)results;
    Reads reads = take_reads(given);
    int64_t n = given[6].whole, forward = given[8].whole, backward = given[9].whole, strands = given[10].whole;
    int left = given[7].whole;
    Counting window;
    int64_t *reasons = given[15].array.data;
    if (!take_window(given + 11, &window) || given[15].array.n != N_REASONS || n > reads.room || strands > window.strands) return WRONG_SIZES;
    if (window.place[N_FAR] + n > window.far_room) return WRONG_SIZES;
    take_regions(given + 14, &window);
    for (int64_t k = 0; k < n; k++) {
        int reverse = (reads.flag[k] & REVERSE) != 0;
        int64_t at = (left || !reverse ? reads.start[k] : reads.end[k] - 1) + (reverse ? backward : forward);
        if (at < 0 || at >= window.place[LENGTH])
            reasons[OUTSIDE]++;
        else if (!meets(&window, at, at + 1))
            reasons[ELSEWHERE]++;
        else
            add(&window, strands == 2 && reverse, at, at + 1);
    }
    return OK;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

/* Whether a read on [start, end) and its mate, which begins at ``mate``, share a base. Where the mate is the left one
 * its length decides: TLEN, if it says that the mate ends last, else the tag MC, else that both are alike. */
static int overlap(const uint8_t *record, int64_t start, int64_t end, int64_t mate) {
    int64_t size = i32(record + 32), span;
    if (start <= mate) return mate < end;
    if (mate + (size < 0 ? -size : size) > end) return 1;
    span = mate_span(record);
    return mate + (span < 0 ? end - start : span) > start;
}

/* Why a read gives no fragment, -1 where it gives one. */
static int no_fragment(const uint8_t *record, int64_t start, int64_t end, int64_t flag, int64_t most_back, int *crossed) {
    int reverse = (flag & REVERSE) != 0;
    int64_t mate = i32(record + 28);
    if (!(flag & PAIRED) || flag & (MATE_UNMAPPED | NOT_PRIMARY) || i32(record + 24) != i32(record + 4)) return NOT_A_PAIR;
    if ((flag & (READ1 | READ2)) != READ1) return NOT_FIRST;
    if (reverse == ((flag & MATE_REVERSE) != 0)) return SAME_STRAND;
    if (i32(record + 32) == 0) return NO_SIZE;
    if (start - mate > most_back) return FAR_MATE;
    *crossed = reverse ? mate > start : start > mate;
    return *crossed && !overlap(record, start, end, mate) ? OUTWARD : -1;
}

/* data, reads (6), n, most_back, out, reasons: fragments */
int find_fragments(const Argument *given, int64_t *results) {
    const uint8_t *data = given[0].array.data;
    Reads reads = take_reads(given + 1);
    int64_t n = given[7].whole, most_back = given[8].whole, *out = given[9].array.data, *reasons = given[10].array.data, found = 0;
    if (n > reads.room || given[9].array.n < n || given[9].array.columns != FRAGMENT_COLUMNS || given[10].array.n != N_REASONS) return WRONG_SIZES;
    for (int64_t k = 0; k < n; k++) {
        const uint8_t *record = data + reads.offset[k];
        int64_t start = reads.start[k], mate = i32(record + 28), size = i32(record + 32);
        int crossed = 0, reason = no_fragment(record, start, reads.end[k], reads.flag[k], most_back, &crossed);
        if (reason >= 0) {
            reasons[reason]++;
            continue;
        }
        int64_t *row = out + FRAGMENT_COLUMNS * found++;
        row[LEFT] = start < mate ? start : mate;
        row[FRAGMENT_SIZE] = size < 0 ? -size : size;
        row[STRAND] = (reads.flag[k] & REVERSE) != 0;
        row[QUALITY] = record[13];
        row[DOVETAIL] = crossed;
    }
    results[0] = found;
    return OK;
}

/* What of a fragment counts: all of it, or the base in its middle. */
static void part_of(const int64_t *fragment, int dyads, int64_t *start, int64_t *end) {
    *start = fragment[LEFT] + (dyads ? fragment[FRAGMENT_SIZE] / 2 : 0);
    *end = dyads ? *start + 1 : *start + fragment[FRAGMENT_SIZE];
}

/* fragments, least, most, place, dyads, whole, regions, reasons: how many are kept, at the front */
int select_fragments(const Argument *given, int64_t *results) {
    int64_t *fragments = given[0].array.data, least = given[1].whole, most = given[2].whole, *reasons = given[7].array.data, kept = 0;
    int dyads = given[4].whole, whole = given[5].whole;
    Counting window = {0};
    window.place = given[3].array.data;
    take_regions(given + 6, &window);
    if (given[3].array.n != PLACES || given[7].array.n != N_REASONS || (given[0].array.n && given[0].array.columns != FRAGMENT_COLUMNS)) return WRONG_SIZES;
    for (int64_t k = 0; k < given[0].array.n; k++) {
        const int64_t *fragment = fragments + FRAGMENT_COLUMNS * k;
        int64_t start, end, length = window.place[LENGTH];
        part_of(fragment, dyads, &start, &end);
        if (fragment[FRAGMENT_SIZE] < least || fragment[FRAGMENT_SIZE] > most)
            reasons[SIZE]++;
        else if (fragment[LEFT] < 0 || start >= length || (whole && end > length))
            reasons[OUTSIDE]++;
        else if (!meets(&window, start, end))
            reasons[ELSEWHERE]++;
        else {
            for (int j = 0; j < FRAGMENT_COLUMNS; j++) fragments[FRAGMENT_COLUMNS * kept + j] = fragment[j];
            kept++;
        }
    }
    results[0] = kept;
    return OK;
}

/* fragments, dyads, strands, counts, place, far */
int add_fragments(const Argument *given, int64_t *results) {
    (void)results;
    const int64_t *fragments = given[0].array.data;
    int dyads = given[1].whole;
    int64_t strands = given[2].whole;
    Counting window;
    if (!take_window(given + 3, &window) || strands > window.strands || (given[0].array.n && given[0].array.columns != FRAGMENT_COLUMNS)) return WRONG_SIZES;
    if (window.place[N_FAR] + given[0].array.n > window.far_room) return WRONG_SIZES;
    for (int64_t k = 0; k < given[0].array.n; k++) {
        const int64_t *fragment = fragments + FRAGMENT_COLUMNS * k;
        int64_t start, end;
        part_of(fragment, dyads, &start, &end);
        add(&window, strands == 2 && fragment[STRAND], start, end);
    }
    return OK;
}
