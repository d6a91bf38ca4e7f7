/* Lines of bedGraph, of wiggle and of columns into rows: see converters/bedgraph.py, wig.py and text_columns.py. */
#include "loops.h"
#include "text.h"

/* text, rows (7) */
int scan_bedgraph(const Argument *given, int64_t *results) {
    Text text = {given[0].array.data, given[0].array.n};
    Rows rows;
    if (!take_rows(given + 1, text.size, &rows)) return WRONG_SIZES;
    int64_t line = 0;
    for (int64_t at = 0, end; at < text.size; at = end + 1, line++) {
        end = line_end(text, at);
        at = skip_blanks(text, at, end);
        if (at == end || is_comment(text, at, end)) continue;
        Stop stop = scan_fields(text, at, end, line, &rows);
        if (stop.error) return stopped(results, line, stop);
    }
    return stopped(results, line, (Stop){FINE, 0, 0, 0});
}

/* ---- wiggle ---------------------------------------------------------------------------------- */

/* The declaration in force. */
enum { KIND, NEXT, STEP, SPAN };
enum { NONE, FIXED, VARIABLE, BARE };
enum { CHROM, START }; /* the first keys; the others are STEP and SPAN */
static const char *const KEYS[] = {"chrom", "start", "step", "span"};

/* Which key a word ``key=value`` has, and where the value begins. */
static int key_of(Text text, int64_t at, int64_t end, int64_t *value_at) {
    for (int k = 0; k < 4; k++) {
        int64_t size = (int64_t)strlen(KEYS[k]);
        if (end - at > size && text.bytes[at + size] == '=' && !memcmp(text.bytes + at, KEYS[k], (size_t)size)) {
            *value_at = at + size + 1;
            return k;
        }
    }
    return -1;
}

/* Read the words of a declaration into the state, and begin a run. */
static Stop declare(Text text, int64_t begin, int64_t at, int64_t end, int64_t *state, Rows *rows) {
    int64_t chrom = -1, chrom_end = -1, stop, value_at = 0, value;
    int seen = 0;
    state[NEXT] = 0, state[STEP] = state[SPAN] = 1;
    for (;; at = stop) {
        at = skip_blanks(text, at, end);
        if (at == end) break;
        stop = token_end(text, at, end);
        int key = key_of(text, at, stop, &value_at);
        if (key < 0 || value_at == stop || (state[KIND] == VARIABLE && (key == START || key == STEP))) return (Stop){BAD_KEY, at, stop, 0};
        if (seen & 1 << key) return (Stop){KEY_TWICE, at, stop, 0};
        seen |= 1 << key;
        if (key == CHROM) {
            chrom = value_at, chrom_end = stop;
            continue;
        }
        if (!whole(text, value_at, stop, &value)) return (Stop){BAD_INTEGER, value_at, stop, 0};
        if (value < 1) return (Stop){key == START ? BAD_START : BAD_SPAN, at, stop, 0};
        state[key] = value;
    }
    if (chrom < 0) return (Stop){NO_CHROM, begin, end, 0};
    if (state[KIND] == FIXED && !(seen & 1 << START)) return (Stop){NO_START, begin, end, 0};
    add_run(rows, rows->n[0], chrom, chrom_end);
    return (Stop){FINE, 0, 0, 0};
}

/* A line of data: its first token is [at, stop). */
static Stop wig_row(Text text, int64_t at, int64_t stop, int64_t end, int64_t line, int64_t *state, Rows *rows) {
    int64_t row = rows->n[0], value_at = at, value_end = stop, column = 1, start;
    int64_t second = skip_blanks(text, stop, end);
    if (state[KIND] == FIXED && second == end) {
        start = state[NEXT] - 1; /* wig is 1-based */
        state[NEXT] = state[NEXT] + state[STEP] < (int64_t)1 << 60 ? state[NEXT] + state[STEP] : (int64_t)1 << 60; /* past every end */
    } else {
        int64_t second_end = token_end(text, second, end), third = skip_blanks(text, second_end, end);
        if (state[KIND] == VARIABLE && second < end && third == end) {
            if (!whole(text, at, stop, &start)) return (Stop){BAD_INTEGER, at, stop, 1};
            if (start < 1) return (Stop){BAD_START, at, stop, 1};
            start--; /* wig is 1-based */
            value_at = second, value_end = second_end, column = 2;
        } else if (third < end && skip_blanks(text, token_end(text, third, end), end) < end) {
            state[KIND] = BARE; /* four columns: what bigWigToWig writes for a bedGraph section */
            return scan_fields(text, at, end, line, rows);
        } else if (state[KIND] == NONE || state[KIND] == BARE) {
            return (Stop){NO_DECLARATION, at, end, 0};
        } else {
            return (Stop){second == end ? TOO_FEW : TOO_MANY, at, end, 0};
        }
    }
    int kind = number(text, value_at, value_end, &rows->values[row]);
    if (kind == NOT_A_NUMBER) return (Stop){BAD_NUMBER, value_at, value_end, column};
    if (kind == SLOW) add_slow(rows, row, value_at, value_end);
    rows->starts[row] = start, rows->ends[row] = start + state[SPAN], rows->lines[row] = (int32_t)line;
    rows->n[0]++;
    return (Stop){FINE, 0, 0, 0};
}

/* text, state, rows (7) */
int scan_wig(const Argument *given, int64_t *results) {
    Text text = {given[0].array.data, given[0].array.n};
    int64_t *state = given[1].array.data, line = 0;
    Rows rows;
    if (given[1].array.n != 4 || !take_rows(given + 2, text.size, &rows)) return WRONG_SIZES;
    if (state[KIND] == FIXED || state[KIND] == VARIABLE) add_run(&rows, 0, -1, -1); /* scanner.CONTINUED */
    for (int64_t at = 0, end; at < text.size; at = end + 1, line++) {
        end = line_end(text, at);
        at = skip_blanks(text, at, end);
        if (at == end || is_comment(text, at, end)) continue;
        int64_t stop = token_end(text, at, end);
        int kind = is_word(text, at, stop, "fixedStep") ? FIXED : is_word(text, at, stop, "variableStep") ? VARIABLE : NONE;
        Stop why;
        if (kind != NONE) {
            state[KIND] = kind;
            why = declare(text, at, stop, end, state, &rows);
        } else {
            why = wig_row(text, at, stop, end, line, state, &rows);
        }
        if (why.error) return stopped(results, line, why);
    }
    return stopped(results, line, (Stop){FINE, 0, 0, 0});
}

/* ---- columns --------------------------------------------------------------------------------- */

typedef struct {
    int64_t begin, end;
} Field;

/* text, columns of position, value and chromosome, whether there was a line before, rows (7) */
int scan_columns(const Argument *given, int64_t *results) {
    Text text = {given[0].array.data, given[0].array.n};
    int64_t wanted[3] = {given[1].whole, given[2].whole, given[3].whole}, most = -1, line = 0;
    int64_t first_base = given[4].whole;
    int seen = (int)given[5].whole;
    Rows rows;
    if (!take_rows(given + 6, text.size, &rows)) return WRONG_SIZES;
    for (int k = 0; k < 3; k++) most = wanted[k] > most ? wanted[k] : most;
    for (int64_t at = 0, newline; at < text.size; at = newline + 1, line++) {
        newline = line_end(text, at);
        int64_t end = newline > at && text.bytes[newline - 1] == '\r' ? newline - 1 : newline, start = at;
        at = skip_blanks(text, at, end);
        if (at == end || is_comment(text, at, end)) continue;
        int64_t first = at;
        Field fields[3] = {{at, at}, {at, at}, {at, at}};
        /* Tabs, where a line has them, end a field, which may be empty; else blanks do. */
        int tabs = memchr(text.bytes + start, '\t', (size_t)(end - start)) != NULL;
        if (tabs) at = start;
        for (int64_t column = 0; column <= most; column++) {
            if (!tabs) at = skip_blanks(text, at, end);
            if (at > end || (at == end && !tabs)) return stopped(results, line, (Stop){TOO_FEW, first, end, column});
            int64_t stop = at;
            if (tabs)
                while (stop < end && text.bytes[stop] != '\t' && text.bytes[stop] != '\r') stop++;
            else
                stop = token_end(text, at, end);
            for (int k = 0; k < 3; k++)
                if (wanted[k] == column) fields[k] = (Field){at, stop};
            at = tabs ? stop + 1 : stop;
        }
        Field pos = fields[0], val = fields[1], chrom = fields[2];
        int64_t row = rows.n[0], position;
        double amount;
        int fine = whole(text, pos.begin, pos.end, &position), kind = number(text, val.begin, val.end, &amount);
        int header = !seen && !fine && kind == NOT_A_NUMBER;
        seen = 1;
        if (header) continue;
        if (val.begin == val.end) kind = MISSING, amount = NAN;
        if (!fine) return stopped(results, line, (Stop){BAD_INTEGER, pos.begin, pos.end, wanted[0]});
        if (kind == NOT_A_NUMBER) return stopped(results, line, (Stop){BAD_NUMBER, val.begin, val.end, wanted[1]});
        if (position < first_base) return stopped(results, line, (Stop){BAD_START, pos.begin, pos.end, wanted[0]});
        if (kind == SLOW) add_slow(&rows, row, val.begin, val.end);
        if (wanted[2] < 0) { /* one chromosome for all lines */
            if (!rows.n[1]) add_run(&rows, row, -1, chrom.end);
        } else if (!goes_on(text, &rows, chrom.begin, chrom.end)) {
            add_run(&rows, row, chrom.begin, chrom.end);
        }
        rows.starts[row] = position - first_base, rows.ends[row] = position - first_base + 1;
        rows.values[row] = amount, rows.lines[row] = (int32_t)line;
        rows.n[0]++;
    }
    return stopped(results, line, (Stop){FINE, 0, 0, 0});
}

/* ---- sequence -------------------------------------------------------------------------------- */

/* text, at, table, out: letters, where it stopped, lines passed, -1 or a bad byte */
int copy_letters(const Argument *given, int64_t *results) {
    Text text = {given[0].array.data, given[0].array.n};
    int64_t at = given[1].whole, n = 0, lines = 0, bad = -1;
    const uint8_t *table = given[2].array.data;
    uint8_t *out = given[3].array.data;
    if (at < 0 || given[2].array.n != 256 || given[3].array.n < text.size) return WRONG_SIZES;
    while (at < text.size && text.bytes[at] != '>' && bad < 0) {
        int64_t end = line_end(text, at), k = at;
        for (; k < end; k++) {
            uint8_t letter = table[text.bytes[k]];
            if (!letter) break;
            out[n] = letter;
            n += letter > 1; /* 1: a blank */
        }
        if (k < end) {
            bad = text.bytes[k], at = k;
        } else {
            at = end + 1, lines++;
        }
    }
    results[0] = n, results[1] = at, results[2] = lines, results[3] = bad;
    return OK;
}
