/* Tokens and numbers in a block of bytes: see converters/text/scanning.py. */
#ifndef GENOMEARRAY_TEXT_H
#define GENOMEARRAY_TEXT_H
#include "../../genomearray/loops/arguments.h"
#include <math.h>
#include <string.h>

/* What a number token turned out to be. */
enum { NUMBER, MISSING, NOT_A_NUMBER, SLOW };
/* Why a scanner stopped. */
enum { FINE, TOO_FEW, TOO_MANY, BAD_NUMBER, BAD_INTEGER, NO_DECLARATION, NO_CHROM, NO_START, BAD_KEY, BAD_START, BAD_SPAN, KEY_TWICE, NAMES_DIFFER, NO_COLUMN };

typedef struct {
    const uint8_t *bytes;
    int64_t size;
} Text;

/* Where a scanner stopped. */
typedef struct {
    int64_t error, begin, end, column;
} Stop;

/* The rows of a block, as scanner.Buffers, and how many rows, runs and slow numbers there are. */
typedef struct {
    int64_t *starts, *ends;
    double *values;
    int32_t *lines;
    int64_t *runs, *slow, *n;
} Rows;

/* From arguments: starts, ends, values, lines, runs, slow, n. Whether they are long enough for the text. */
static inline int take_rows(const Argument *given, int64_t size, Rows *rows) {
    int64_t most = size / 2 + 2; /* the shortest line of data is one digit and its newline */
    for (int k = 0; k < 6; k++)
        if (given[k].array.n < most) return 0;
    *rows = (Rows){given[0].array.data, given[1].array.data, given[2].array.data, given[3].array.data,
                   given[4].array.data, given[5].array.data, given[6].array.data};
    return given[4].array.columns == 3 && given[5].array.columns == 3 && given[6].array.n == 3;
}

static inline int is_blank(uint8_t byte) { return byte == ' ' || byte == '\t' || byte == '\r'; }

static inline int64_t skip_blanks(Text text, int64_t at, int64_t end) {
    while (at < end && is_blank(text.bytes[at])) at++;
    return at;
}

static inline int64_t token_end(Text text, int64_t at, int64_t end) {
    while (at < end && !is_blank(text.bytes[at])) at++;
    return at;
}

static inline int64_t line_end(Text text, int64_t at) {
    const uint8_t *found = memchr(text.bytes + at, '\n', (size_t)(text.size - at));
    return found ? found - text.bytes : text.size;
}

static inline int is_word(Text text, int64_t at, int64_t end, const char *word) {
    size_t size = strlen(word);
    return (size_t)(end - at) == size && !memcmp(text.bytes + at, word, size);
}

/* Whether a line whose text is [at, end) is a comment, a track or a browser line. */
static inline int is_comment(Text text, int64_t at, int64_t end) {
    uint8_t first = text.bytes[at];
    if (first == '#') return 1;
    if (first != 't' && first != 'b') return 0;
    int64_t stop = token_end(text, at, end);
    return is_word(text, at, stop, "track") || is_word(text, at, stop, "browser");
}

int number(Text text, int64_t at, int64_t end, double *value);
int whole(Text text, int64_t at, int64_t end, int64_t *value);
/* One line ``chrom start end value``. */
Stop scan_fields(Text text, int64_t at, int64_t end, int64_t line, Rows *rows);

static inline void add_slow(Rows *rows, int64_t row, int64_t begin, int64_t end) {
    int64_t *slow = rows->slow + 3 * rows->n[2]++;
    slow[0] = row, slow[1] = begin, slow[2] = end;
}

static inline void add_run(Rows *rows, int64_t row, int64_t begin, int64_t end) {
    int64_t *run = rows->runs + 3 * rows->n[1]++;
    run[0] = row, run[1] = begin, run[2] = end;
}

/* Whether the last run is of the chromosome of this token. */
static inline int goes_on(Text text, const Rows *rows, int64_t begin, int64_t end) {
    if (!rows->n[1]) return 0;
    const int64_t *run = rows->runs + 3 * (rows->n[1] - 1);
    return run[2] - run[1] == end - begin && !memcmp(text.bytes + run[1], text.bytes + begin, (size_t)(end - begin));
}

static inline int stopped(int64_t *results, int64_t line, Stop stop) {
    results[0] = line, results[1] = stop.error, results[2] = stop.begin, results[3] = stop.end, results[4] = stop.column;
    return OK;
}

#endif
