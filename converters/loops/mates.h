/* Reads that wait for their mates: see converters/reads/mates.py. */
#ifndef GENOMEARRAY_MATES_H
#define GENOMEARRAY_MATES_H
#include "records.h"

enum { HASH, MATE, STORE, MATE_COLUMNS };
enum { ALONE, FIRST, SECOND };

typedef struct {
    int64_t *table, slots;
    uint8_t *store;
    int64_t size;
    int64_t *state; /* reads, and bytes of the store in use */
} Waiting;

typedef struct {
    int64_t start, operations;
    const uint8_t *cigar, *end;
} WaitingRead;

/* From table, store, state; whether the table has a power of two of slots. */
int take_waiting(const Argument *given, Waiting *waiting);
WaitingRead waiting_read(const uint8_t *at);
/* Whether a read stands alone, waits for its mate, or is the mate of one that waits: then in which slot. */
int role_of_mate(const uint8_t *record, int64_t flag, int64_t start, int64_t end, const Waiting *waiting, uint64_t *key, int64_t *slot);
/* Let a read wait; 0 when there is no room. */
int store_waiting(const uint8_t *record, int64_t start, int64_t number, const uint8_t *cigar, int64_t operations, const Waiting *waiting, uint64_t key);
void remove_waiting(const Waiting *waiting, int64_t slot);

#endif
