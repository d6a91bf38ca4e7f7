#include "mates.h"
#include "loops.h"
#include <string.h>

enum { N, USED };

int take_waiting(const Argument *given, Waiting *waiting) {
    *waiting = (Waiting){given[0].array.data, given[0].array.n, given[1].array.data, given[1].array.n, given[2].array.data};
    return waiting->slots > 0 && !(waiting->slots & (waiting->slots - 1)) && given[0].array.columns == MATE_COLUMNS && given[2].array.n == 2;
}

/* FNV-1a of a name (64 bits), never 0, and positive. */
static uint64_t hash(const uint8_t *name, int64_t n) {
    uint64_t value = 14695981039346656037u;
    for (int64_t k = 0; k < n; k++) value = (value ^ name[k]) * 1099511628211u;
    value ^= value >> 32;
    return (value & 0x3FFFFFFFFFFFFFFF) | (uint64_t)1 << 62;
}

WaitingRead waiting_read(const uint8_t *at) {
    const uint8_t *head = at + 1 + at[0];
    int64_t operations = u32(head + 8);
    return (WaitingRead){u64(head), operations, head + 13, head + 13 + 4 * operations};
}

static inline int64_t *row_of(const Waiting *waiting, int64_t slot) { return waiting->table + MATE_COLUMNS * slot; }

/* Whether flags 64 and 128 are of the two reads of a pair: one each, or alike where they say nothing. */
static int are_mates(int64_t number, int64_t other) {
    return number == READ1 || number == READ2 ? other == ((READ1 | READ2) ^ number) : other == number;
}

/* Slot of the waiting read of the same name that begins at ``mate``, expects its own mate at ``start``, and is read 2
 * where this one is read 1; or -1. Names alone do not do: several pairs may have one. */
static int64_t find(const uint8_t *record, int64_t number, const Waiting *waiting, uint64_t key, int64_t start, int64_t mate) {
    int64_t mask = waiting->slots - 1, slot = (int64_t)key & mask;
    for (const int64_t *row; (row = row_of(waiting, slot))[HASH]; slot = (slot + 1) & mask) {
        if ((uint64_t)row[HASH] != key || row[MATE] != start) continue;
        const uint8_t *stored = waiting->store + row[STORE];
        if (stored[0] == record[12] && waiting_read(stored).start == mate && are_mates(number, stored[1 + stored[0] + 12]) && !memcmp(stored + 1, record + HEAD, stored[0])) return slot;
    }
    return -1;
}

/* Free a slot; those after it move up, so that every read is found from its hash on. */
void remove_waiting(const Waiting *waiting, int64_t slot) {
    int64_t mask = waiting->slots - 1, hole = slot;
    for (slot = (slot + 1) & mask; row_of(waiting, slot)[HASH]; slot = (slot + 1) & mask) {
        int64_t home = row_of(waiting, slot)[HASH] & mask;
        if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
        memcpy(row_of(waiting, hole), row_of(waiting, slot), MATE_COLUMNS * sizeof(int64_t));
        hole = slot;
    }
    row_of(waiting, hole)[HASH] = 0;
    waiting->state[N]--;
}

static void insert(const Waiting *waiting, uint64_t key, int64_t mate, int64_t at) {
    int64_t mask = waiting->slots - 1, slot = (int64_t)key & mask;
    while (row_of(waiting, slot)[HASH]) slot = (slot + 1) & mask;
    int64_t *row = row_of(waiting, slot);
    row[HASH] = (int64_t)key, row[MATE] = mate, row[STORE] = at;
}

int store_waiting(const uint8_t *record, int64_t start, int64_t number, const uint8_t *cigar, int64_t operations, const Waiting *waiting, uint64_t key) {
    int64_t size = record[12], used = waiting->state[USED];
    if (2 * (waiting->state[N] + 1) > waiting->slots || used + 1 + size + 13 + 4 * operations > waiting->size) return 0;
    uint8_t *at = waiting->store + used;
    *at++ = (uint8_t)size;
    memcpy(at, record + HEAD, (size_t)size);
    at += size;
    for (int k = 0; k < 8; k++) *at++ = (uint8_t)(start >> (8 * k));
    for (int k = 0; k < 4; k++) *at++ = (uint8_t)(operations >> (8 * k));
    *at++ = (uint8_t)number;
    memcpy(at, cigar, (size_t)(4 * operations));
    waiting->state[USED] = at + 4 * operations - waiting->store;
    waiting->state[N]++;
    insert(waiting, key, i32(record + 28), used);
    return 1;
}

int role_of_mate(const uint8_t *record, int64_t flag, int64_t start, int64_t end, const Waiting *waiting, uint64_t *key, int64_t *slot) {
    if ((flag & (PAIRED | PROPER)) != (PAIRED | PROPER) || flag & NOT_PRIMARY || i32(record + 24) != i32(record + 4)) return ALONE;
    int64_t mate = i32(record + 28);
    if (end <= mate) return ALONE;
    *key = hash(record + HEAD, record[12]);
    if (start < mate) return FIRST;
    *slot = find(record, flag & (READ1 | READ2), waiting, *key, start, mate);
    return *slot >= 0 ? SECOND : start == mate ? FIRST : ALONE;
}

/* table, store, state, pos: reads whose mates may still come, and the bytes they take in the store */
int waiting_alive(const Argument *given, int64_t *results) {
    Waiting waiting;
    if (!take_waiting(given, &waiting)) return WRONG_SIZES;
    int64_t n = 0, used = 0, pos = given[3].whole;
    for (int64_t slot = 0; slot < waiting.slots; slot++) {
        const int64_t *row = row_of(&waiting, slot);
        if (!row[HASH] || row[MATE] < pos) continue;
        const uint8_t *at = waiting.store + row[STORE];
        used += waiting_read(at).end - at;
        n++;
    }
    results[0] = n, results[1] = used;
    return OK;
}

/* table, store, state of old, pos, table, store, state: copies those whose mates may still come */
int waiting_rebuild(const Argument *given, int64_t *results) {
    (void)results;
    Waiting old, kept;
    if (!take_waiting(given, &old) || !take_waiting(given + 4, &kept)) return WRONG_SIZES;
    int64_t n = 0, used = 0, pos = given[3].whole;
    for (int64_t slot = 0; slot < old.slots; slot++) {
        const int64_t *row = row_of(&old, slot);
        if (!row[HASH] || row[MATE] < pos) continue;
        const uint8_t *at = old.store + row[STORE];
        int64_t size = waiting_read(at).end - at;
        if (used + size > kept.size || n + 1 >= kept.slots) return WRONG_SIZES;
        memcpy(kept.store + used, at, (size_t)size);
        insert(&kept, (uint64_t)row[HASH], row[MATE], used);
        used += size, n++;
    }
    kept.state[N] = n, kept.state[USED] = used;
    return OK;
}
