/* Bytes in long runs as deflate: see runs.c. */
#ifndef GENOMEARRAY_RUNS_H
#define GENOMEARRAY_RUNS_H
#include <stddef.h>
#include <stdint.h>

/* A raw deflate stream (RFC 1951) of one block; its size, 0 where it does not fit into ``room`` bytes.
 * ``tokens`` has room for n numbers. */
/* Makes the tables; to be called once before. */
void prepare_runs(void);
/* Inflates such a stream into exactly n bytes. 0 where it is of another kind, or does not hold n bytes: then
 * a general inflate says what is there. */
int inflate_runs(const uint8_t *stream, size_t size, uint8_t *out, size_t n);
size_t deflate_runs(const uint8_t *bytes, size_t n, uint8_t *out, size_t room, uint16_t *tokens);

#endif
