/* Blocks of a bigWig: see sections.c. */
#ifndef GENOMEARRAY_SECTIONS_H
#define GENOMEARRAY_SECTIONS_H
#include <stddef.h>
#include <stdint.h>

/* A number of items has 16 bits, and an item at most 12 bytes. */
enum { SECTION_HEADER = 24, MOST_SECTION = SECTION_HEADER + 65535 * 12 };
enum { SECTION_FINE = 0, SECTION_SIZE, SECTION_TYPE, SECTION_CHROM, SECTION_ITEM, SECTION_ROOM };

/* What a leaf of the index says of a block, and what is wanted of it. */
typedef struct {
    int64_t low, high;   /* bases that are wanted */
    int64_t dest, step;  /* where the value of ``low`` goes, and in which direction the next (1, -1) */
    int64_t chrom;       /* number of the chromosome that they are on */
    int64_t first, last; /* numbers of the chromosomes that the leaf spans */
    int64_t start, end;  /* where its items lie on that chromosome */
} Wanted;

/* Puts the values of a block that was inflated into place; what is not in the block stays as it is. */
int paint_section(const uint8_t *block, size_t size, int swapped, const Wanted *wanted, float *out);

typedef struct {
    int64_t *start, *end;
    float *value;
    int64_t n, room;
} Items;

/* Appends the items of a block, in its order; SECTION_ROOM and none of them where they do not fit. */
int list_section(const uint8_t *block, size_t size, int swapped, const Wanted *wanted, Items *items);

#endif
