/* Blocks of a bigWig, painted (Kent et al. 2010, doi:10.1093/bioinformatics/btq351, supplement, table 13).
 *
 * A block is one section: a header, and items of one of three kinds. What contradicts the leaf of the index
 * that led here is refused: a reader that comes by another leaf would not see it.
 */
#include "sections.h"
#include <string.h>

enum { BED_GRAPH = 1, VARIABLE_STEP, FIXED_STEP };

static inline uint32_t word(const uint8_t *at, int swapped) {
    if (swapped) return (uint32_t)at[3] | (uint32_t)at[2] << 8 | (uint32_t)at[1] << 16 | (uint32_t)at[0] << 24;
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline float number(const uint8_t *at, int swapped) {
    uint32_t bits = word(at, swapped);
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

/* A block with its header taken apart. */
typedef struct {
    const uint8_t *items;
    int64_t start, step, span;
    size_t n, bytes; /* items, and bytes of one */
    int type, swapped;
} Section;

/* A problem, or whether the section is of the wanted chromosome. */
static int open_section(const uint8_t *block, size_t size, int swapped, const Wanted *wanted, Section *section, int *ours) {
    if (size < SECTION_HEADER) return SECTION_SIZE;
    int64_t chrom = word(block, swapped);
    section->items = block + SECTION_HEADER;
    section->start = word(block + 4, swapped), section->step = word(block + 12, swapped), section->span = word(block + 16, swapped);
    section->type = block[20], section->swapped = swapped;
    section->n = swapped ? (size_t)block[22] << 8 | block[23] : (size_t)block[23] << 8 | block[22];
    section->bytes = section->type == BED_GRAPH ? 12 : section->type == VARIABLE_STEP ? 8 : 4;
    if (section->type < BED_GRAPH || section->type > FIXED_STEP) return SECTION_TYPE;
    if (size != SECTION_HEADER + section->n * section->bytes) return SECTION_SIZE;
    if (chrom < wanted->first || chrom > wanted->last) return SECTION_CHROM;
    *ours = chrom == wanted->chrom; /* else of another one that the leaf spans */
    return SECTION_FINE;
}

/* The k-th item; 0 where it is not where the leaf says. */
static inline int get_item(const Section *section, size_t k, const Wanted *wanted, int64_t *low, int64_t *high) {
    const uint8_t *item = section->items + k * section->bytes;
    *low = section->type == FIXED_STEP ? section->start + (int64_t)k * section->step : (int64_t)word(item, section->swapped);
    *high = section->type == BED_GRAPH ? (int64_t)word(item + 4, section->swapped) : *low + section->span;
    return *low <= *high && *low >= wanted->start && *high <= wanted->end;
}

static inline float item_value(const Section *section, size_t k) {
    return number(section->items + (k + 1) * section->bytes - 4, section->swapped);
}

int paint_section(const uint8_t *block, size_t size, int swapped, const Wanted *wanted, float *out) {
    Section section;
    int ours = 0, wrong = open_section(block, size, swapped, wanted, &section, &ours);
    if (wrong || !ours) return wrong;
    for (size_t k = 0; k < section.n; k++) {
        int64_t low, high;
        if (!get_item(&section, k, wanted, &low, &high)) return SECTION_ITEM;
        if (low < wanted->low) low = wanted->low;
        if (high > wanted->high) high = wanted->high;
        if (low >= high) continue;
        float value = item_value(&section, k), *to = out + wanted->dest + (low - wanted->low) * wanted->step;
        if (wanted->step > 0)
            for (int64_t i = 0; i < high - low; i++) to[i] = value;
        else
            for (int64_t i = 0; i < high - low; i++) to[-i] = value;
    }
    return SECTION_FINE;
}

int list_section(const uint8_t *block, size_t size, int swapped, const Wanted *wanted, Items *items) {
    Section section;
    int ours = 0, wrong = open_section(block, size, swapped, wanted, &section, &ours);
    if (wrong || !ours) return wrong;
    if ((int64_t)section.n > items->room - items->n) return SECTION_ROOM;
    for (size_t k = 0; k < section.n; k++) {
        int64_t low, high;
        if (!get_item(&section, k, wanted, &low, &high)) return SECTION_ITEM;
        if (low == high) continue; /* some writers leave items without a base */
        items->start[items->n] = low, items->end[items->n] = high, items->value[items->n] = item_value(&section, k);
        items->n++;
    }
    return SECTION_FINE;
}
