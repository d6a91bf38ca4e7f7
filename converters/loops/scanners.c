/* Lines of bedGraph, of wiggle and of columns into rows: see converters/bedgraph.py, wig.py, text_columns.py and
   text/value_table.py. */
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

/* The fields of a line [start, end) in n wanted columns (-1: none); -1, or how many columns there are where
   they are too few. Tabs, where a line has them, end a field, which may be empty; else blanks do. In the last
   one of ``mixed`` fields between tabs, blanks do: modkit --mixed-delim. */
static int64_t find_fields(Text text, int64_t start, int64_t end, const int64_t *wanted, int n, int64_t mixed, Field *fields) {
    int64_t at = start, most = -1;
    int tabs = memchr(text.bytes + start, '\t', (size_t)(end - start)) != NULL;
    for (int k = 0; k < n; k++) {
        most = wanted[k] > most ? wanted[k] : most;
        fields[k] = (Field){start, start};
    }
    for (int64_t column = 0; column <= most; column++) {
        if (mixed && column == mixed - 1 && tabs && at < end && !memchr(text.bytes + at, '\t', (size_t)(end - at))) tabs = 0;
        if (!tabs) at = skip_blanks(text, at, end);
        if (at > end || (at == end && !tabs)) return column;
        int64_t stop = at;
        if (tabs)
            while (stop < end && text.bytes[stop] != '\t' && text.bytes[stop] != '\r') stop++;
        else
            stop = token_end(text, at, end);
        for (int k = 0; k < n; k++)
            if (wanted[k] == column) fields[k] = (Field){at, stop};
        at = tabs ? stop + 1 : stop;
    }
    return -1;
}

/* text, columns of position, value and chromosome, whether there was a line before, rows (7) */
int scan_columns(const Argument *given, int64_t *results) {
    Text text = {given[0].array.data, given[0].array.n};
    int64_t wanted[3] = {given[1].whole, given[2].whole, given[3].whole}, line = 0;
    int64_t first_base = given[4].whole;
    int seen = (int)given[5].whole;
    Rows rows;
    if (!take_rows(given + 6, text.size, &rows)) return WRONG_SIZES;
    for (int64_t at = 0, newline; at < text.size; at = newline + 1, line++) {
        newline = line_end(text, at);
        int64_t end = newline > at && text.bytes[newline - 1] == '\r' ? newline - 1 : newline, start = at;
        at = skip_blanks(text, at, end);
        if (at == end || is_comment(text, at, end)) continue;
        Field fields[3];
        int64_t columns = find_fields(text, start, end, wanted, 3, 0, fields);
        if (columns >= 0) return stopped(results, line, (Stop){TOO_FEW, at, end, columns});
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

static int same_bytes(Text text, Field field, const Array *word) {
    return field.end - field.begin == word->n && !memcmp(text.bytes + field.begin, word->data, (size_t)word->n);
}

/* text, column of the value, whether the lines are bedMethyl, whether there was a line before, names: wanted (or
   empty), the first of the file; place of a name unlike the first (2), rows (7) */
int scan_table(const Argument *given, int64_t *results) {
    Text text = {given[0].array.data, given[0].array.n};
    const Array *wanted_name = &given[4].array, *first_name = &given[5].array;
    int64_t *other = given[6].array.data, line = 0;
    int methyl = (int)given[2].whole, seen = (int)given[3].whole, named = methyl || wanted_name->n > 0;
    const int64_t wanted[5] = {0, 1, 2, named ? 3 : -1, given[1].whole};
    Field last = {0, 0};
    Rows rows;
    if (given[6].array.n != 2 || !take_rows(given + 7, text.size, &rows)) return WRONG_SIZES;
    for (int64_t at = 0, newline; at < text.size; at = newline + 1, line++) {
        newline = line_end(text, at);
        int64_t end = newline > at && text.bytes[newline - 1] == '\r' ? newline - 1 : newline, start = at;
        at = skip_blanks(text, at, end);
        if (at == end || is_comment(text, at, end)) continue;
        Field fields[5];
        int64_t columns = find_fields(text, start, end, wanted, 5, methyl ? 10 : 0, fields), row = rows.n[0], places[2];
        if (columns >= 0) return stopped(results, line, (Stop){TOO_FEW, at, end, columns});
        Field chrom = fields[0], name = fields[3], val = fields[4];
        if (wanted_name->n && !same_bytes(text, name, wanted_name)) continue;
        double amount;
        int kind = number(text, val.begin, val.end, &amount), fine[2];
        for (int k = 0; k < 2; k++) fine[k] = whole(text, fields[k + 1].begin, fields[k + 1].end, &places[k]);
        int header = !seen && !fine[0] && !fine[1];
        seen = 1;
        if (header) continue;
        for (int k = 0; k < 2; k++)
            if (!fine[k]) return stopped(results, line, (Stop){BAD_INTEGER, fields[k + 1].begin, fields[k + 1].end, k + 1});
        if (val.begin == val.end) kind = MISSING, amount = NAN;
        if (kind == NOT_A_NUMBER) return stopped(results, line, (Stop){BAD_NUMBER, val.begin, val.end, wanted[4]});
        int goes = goes_on(text, &rows, chrom.begin, chrom.end);
        if (methyl && !wanted_name->n && !same_bytes(text, name, first_name)) other[0] = name.begin, other[1] = name.end;
        if (methyl && goes && row && places[0] < rows.ends[row - 1] && places[1] > rows.starts[row - 1] &&
            (name.end - name.begin != last.end - last.begin || memcmp(text.bytes + name.begin, text.bytes + last.begin, (size_t)(name.end - name.begin))))
            return stopped(results, line, (Stop){NAMES_DIFFER, name.begin, name.end, 3});
        if (kind == SLOW) add_slow(&rows, row, val.begin, val.end);
        if (!goes) add_run(&rows, row, chrom.begin, chrom.end);
        rows.starts[row] = places[0], rows.ends[row] = places[1];
        rows.values[row] = amount, rows.lines[row] = (int32_t)line;
        rows.n[0]++;
        last = name;
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
