/* Compressed chunks into values and back, many in one call and without the GIL.
 *
 * The codecs are those of the Python packages this library depends on: their shared objects are
 * opened by path (bind), so that no second copy of zlib-ng, blosc or crc32c is compiled in.
 * A call of the packages' own Python functions costs an allocation, a new decompressor and a
 * hand-over of the GIL for each chunk, which is as much as the decompression of a short one.
 */
#include "blocks.h"
#include "runs.h"
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFLATE = 0, BLOSC_CRC = 1 };
const char *const PROBLEMS[] = {
    "", "the file is cut", "the file cannot be read", "its compressed bytes are malformed",
    "it has another length than it should", "the crc32c checksum does not agree", "the crc32 checksum does not agree", "there is no memory for it",
};

/* ---- the libraries ------------------------------------------------------------------------- */

/* zlib-ng.h, 2.x */
typedef struct {
    const uint8_t *next_in;
    uint32_t avail_in;
    size_t total_in;
    uint8_t *next_out;
    uint32_t avail_out;
    size_t total_out;
    const char *msg;
    void *state, *zalloc, *zfree, *opaque;
    int data_type;
    uint32_t adler;
    unsigned long reserved;
} zng_stream;

enum { Z_SYNC_FLUSH = 2, Z_FINISH = 4, Z_STREAM_END = 1, Z_DEFLATED = 8, ZLIB_WINDOW = 15, RAW_WINDOW = -15, MEMORY = 8 };

static int (*inflate_init)(zng_stream *, int);
static int (*inflate_reset)(zng_stream *);
static int (*inflate_run)(zng_stream *, int);
static int (*inflate_end)(zng_stream *);
static int (*deflate_init)(zng_stream *, int, int, int, int, int);
static int (*deflate_reset)(zng_stream *);
static int (*deflate_run)(zng_stream *, int);
static int (*deflate_end)(zng_stream *);
static unsigned long (*deflate_bound)(zng_stream *, unsigned long);
static uint32_t (*adler_run)(uint32_t, const uint8_t *, uint32_t);
static uint32_t (*gzip_crc)(uint32_t, const uint8_t *, uint32_t);
static const char *(*zlib_version)(void);
static int (*blosc_run)(const void *, void *, size_t, int);
static int (*blosc_pack)(int, int, size_t, size_t, const void *, void *, size_t, const char *, size_t, int);
static uint32_t (*crc_run)(const uint8_t *, size_t);
/* libdeflate.h, 1.x: inflates blocks of 64 kB 1.2 to 1.3 times as fast as zlib-ng; chunks of 16 kB it does not. */
static void *(*whole_alloc)(void);
static void (*whole_free)(void *);
static int (*whole_run)(void *, const void *, size_t, void *, size_t, size_t *, size_t *);

/* ---- what each thread keeps ------------------------------------------------------------------ */

typedef struct {
    zng_stream stream, packer;
    int ready, packer_level, window; /* level 0: not ready */
    void *whole; /* libdeflate's decompressor */
    uint8_t *raw, *payload, *tokens;
    size_t raw_size, payload_size, tokens_size;
} Tools;

static pthread_key_t tools_key;

static void drop_tools(void *pointer) {
    Tools *tools = pointer;
    if (tools->ready) inflate_end(&tools->stream);
    if (tools->packer_level) deflate_end(&tools->packer);
    free(tools->tokens);
    if (tools->whole) whole_free(tools->whole);
    free(tools->raw);
    free(tools->payload);
    free(tools);
}

static Tools *get_tools(void) {
    Tools *tools = pthread_getspecific(tools_key);
    if (!tools) {
        tools = calloc(1, sizeof(Tools));
        if (tools) pthread_setspecific(tools_key, tools);
    }
    return tools;
}

static int grow(uint8_t **buffer, size_t *size, size_t wanted) {
    if (*size >= wanted) return 1;
    free(*buffer);
    *buffer = malloc(wanted);
    *size = *buffer ? wanted : 0;
    return *buffer != NULL;
}

/* ---- one chunk ------------------------------------------------------------------------------- */

/* A stream of deflate of at most ``room`` bytes, with zlib's header and checksum or without (window). */
static int inflate_up_to(Tools *tools, int window, const uint8_t *raw, size_t size, uint8_t *payload, size_t room, size_t *got) {
    zng_stream *stream = &tools->stream;
    if (tools->ready && tools->window != window) {
        inflate_end(stream);
        tools->ready = 0;
    }
    if (!tools->ready) {
        memset(stream, 0, sizeof *stream);
        if (inflate_init(stream, window)) return NO_MEMORY;
        tools->ready = 1;
        tools->window = window;
    } else {
        inflate_reset(stream);
    }
    stream->next_in = raw;
    stream->avail_in = (uint32_t)size;
    stream->next_out = payload;
    stream->avail_out = (uint32_t)room;
    int end = inflate_run(stream, Z_FINISH);
    *got = room - stream->avail_out;
    if (end == Z_STREAM_END) return FINE;
    return stream->avail_out ? MALFORMED : WRONG_LENGTH;
}

/* One of exactly ``nbytes`` bytes. */
static int inflate(Tools *tools, int window, const uint8_t *raw, size_t size, uint8_t *payload, size_t nbytes) {
    size_t got;
    int problem = inflate_up_to(tools, window, raw, size, payload, nbytes, &got);
    return !problem && (got != nbytes || tools->stream.avail_in) ? WRONG_LENGTH : problem;
}

static size_t put_adler(const uint8_t *bytes, size_t nbytes, uint8_t *out) {
    uint32_t adler = adler_run(1, bytes, (uint32_t)nbytes);
    for (int k = 0; k < 4; k++) out[k] = (uint8_t)(adler >> (24 - 8 * k));
    return 4;
}

static int decompress(Tools *tools, int codec, const uint8_t *raw, size_t size, uint8_t *payload, size_t nbytes) {
    if (codec == BLOSC_CRC) {
        if (size < 20) return WRONG_LENGTH; /* blosc's header and the checksum */
        size -= 4;
        uint32_t crc = raw[size] | raw[size + 1] << 8 | raw[size + 2] << 16 | (uint32_t)raw[size + 3] << 24;
        if (crc != crc_run(raw, size)) return WRONG_CRC;
        uint32_t header[3]; /* version and flags, then bytes before and after compression (c-blosc README_CHUNK_FORMAT) */
        memcpy(header, raw + 4, sizeof header);
        if (header[0] != nbytes || header[2] != size) return WRONG_LENGTH;
        return blosc_run(raw, payload, nbytes, 1) == (int)nbytes ? FINE : MALFORMED;
    }
    if (size > 6 && raw[0] == 0x78 && raw[1] == 0x01 && inflate_runs(raw + 2, size - 6, payload, nbytes)) {
        uint8_t adler[4];
        put_adler(payload, nbytes, adler);
        if (!memcmp(adler, raw + size - 4, 4)) return FINE;
    }
    return inflate(tools, ZLIB_WINDOW, raw, size, payload, nbytes);
}

/* Values [low, high) of a payload to out, forwards (step 1) or backwards (step -1). */
static void place(const uint8_t *payload, int itemsize, int shuffled, int64_t length, int64_t low, int64_t high, uint8_t *out, int64_t step) {
    int64_t n = high - low;
    if (shuffled && itemsize == 2) {
        const uint8_t *a = payload + low, *b = a + length;
        uint16_t *to = (uint16_t *)out;
        if (step == 1)
            for (int64_t i = 0; i < n; i++) to[i] = (uint16_t)(a[i] | b[i] << 8);
        else
            for (int64_t i = 0; i < n; i++) to[-i] = (uint16_t)(a[i] | b[i] << 8);
    } else if (shuffled && itemsize == 4) {
        const uint8_t *a = payload + low, *b = a + length, *c = b + length, *d = c + length;
        uint32_t *to = (uint32_t *)out;
        if (step == 1)
            for (int64_t i = 0; i < n; i++) to[i] = a[i] | b[i] << 8 | c[i] << 16 | (uint32_t)d[i] << 24;
        else
            for (int64_t i = 0; i < n; i++) to[-i] = a[i] | b[i] << 8 | c[i] << 16 | (uint32_t)d[i] << 24;
    } else if (shuffled) {
        for (int64_t i = 0; i < n; i++)
            for (int k = 0; k < itemsize; k++) out[i * step * itemsize + k] = payload[k * length + low + i];
    } else if (step == 1) {
        memcpy(out, payload + low * itemsize, (size_t)(n * itemsize));
    } else {
        const uint8_t *from = payload + low * itemsize;
        switch (itemsize) { /* a copy of known size is one instruction */
        case 1: for (int64_t i = 0; i < n; i++) out[-i] = from[i]; break;
        case 2: for (int64_t i = 0; i < n; i++) memcpy(out - 2 * i, from + 2 * i, 2); break;
        case 4: for (int64_t i = 0; i < n; i++) memcpy(out - 4 * i, from + 4 * i, 4); break;
        case 8: for (int64_t i = 0; i < n; i++) memcpy(out - 8 * i, from + 8 * i, 8); break;
        default: for (int64_t i = 0; i < n; i++) memcpy(out - i * itemsize, from + i * itemsize, (size_t)itemsize);
        }
    }
}

/* ---- one chunk into bytes on disk ------------------------------------------------------------ */

typedef struct {
    int codec, itemsize, shuffled, split, level, blosc_shuffle;
    const char *blosc_name;
    size_t nbytes;
} Recipe;

static void shuffle(const uint8_t *values, uint8_t *planes, int itemsize, int64_t length) {
    if (itemsize == 2) {
        const uint16_t *from = (const uint16_t *)values;
        for (int64_t i = 0; i < length; i++) planes[i] = (uint8_t)from[i];
        for (int64_t i = 0; i < length; i++) planes[length + i] = (uint8_t)(from[i] >> 8);
    } else if (itemsize == 4) {
        const uint32_t *from = (const uint32_t *)values;
        for (int k = 0; k < 4; k++)
            for (int64_t i = 0; i < length; i++) planes[k * length + i] = (uint8_t)(from[i] >> (8 * k));
    } else {
        for (int k = 0; k < itemsize; k++)
            for (int64_t i = 0; i < length; i++) planes[k * length + i] = values[i * itemsize + k];
    }
}

static size_t compressed_bound(Tools *tools, const Recipe *recipe) {
    if (recipe->codec == BLOSC_CRC) return recipe->nbytes + 16 + 4; /* BLOSC_MAX_OVERHEAD, checksum */
    if (!grow(&tools->tokens, &tools->tokens_size, 2 * recipe->nbytes)) return 0;
    if (tools->packer_level != recipe->level) {
        if (tools->packer_level) deflate_end(&tools->packer);
        tools->packer_level = 0;
        memset(&tools->packer, 0, sizeof tools->packer);
        if (deflate_init(&tools->packer, recipe->level, Z_DEFLATED, RAW_WINDOW, MEMORY, 0)) return 0;
        tools->packer_level = recipe->level;
    }
    return deflate_bound(&tools->packer, recipe->nbytes) + (size_t)(5 * recipe->itemsize) + 16;
}

/* Whether values change rarely: then a compressor that looks for runs only is many times as fast, and the chunk
 * smaller by up to a third; where they change often, it makes it larger by a tenth (benchmarks/chunks.md). */
static int has_runs(const uint8_t *values, int itemsize, size_t nbytes) {
    size_t n = nbytes / (size_t)itemsize, changes = 0;
    if (itemsize == 1) {
        for (size_t i = 1; i < n; i++) changes += values[i] != values[i - 1];
    } else if (itemsize == 2) {
        const uint16_t *v = (const uint16_t *)values;
        for (size_t i = 1; i < n; i++) changes += v[i] != v[i - 1];
    } else if (itemsize == 4) {
        const uint32_t *v = (const uint32_t *)values;
        for (size_t i = 1; i < n; i++) changes += v[i] != v[i - 1];
    } else {
        for (size_t i = 1; i < n; i++) changes += memcmp(values + i * (size_t)itemsize, values + (i - 1) * (size_t)itemsize, (size_t)itemsize) != 0;
    }
    return 8 * changes < n;
}

/* A zlib stream (RFC 1950) of deflate blocks (RFC 1951). Planes of bytes that deflate hardly shortens, as the
 * low bytes of floats, stand as they are: decoding them costs most of the time and gains a few percent. The
 * others get Huffman codes of their own, which makes the whole smaller than one stream over all planes.
 * Stored bytes are what the compressor has seen too, so later references to them hold. */
static size_t deflate_planes(zng_stream *stream, const uint8_t *bytes, size_t nbytes, int planes, uint8_t *out, size_t room) {
    const double worth = 0.85; /* benchmarks/chunks.md */
    size_t n = nbytes / (size_t)planes, used = 2;
    out[0] = 0x78, out[1] = 0x01;
    deflate_reset(stream);
    for (int k = 0; k < planes; k++) {
        int last = k == planes - 1;
        size_t before = stream->total_out;
        stream->next_in = bytes + (size_t)k * n;
        stream->avail_in = (uint32_t)n;
        stream->next_out = out + used;
        stream->avail_out = (uint32_t)(room - used);
        int end = deflate_run(stream, last ? Z_FINISH : Z_SYNC_FLUSH);
        if (end != (last ? Z_STREAM_END : 0) || stream->avail_in) return 0;
        size_t size = stream->total_out - before;
        if (planes > 1 && n < 65536 && (double)size > worth * (double)n) {
            uint8_t *block = out + used;
            block[0] = (uint8_t)last, block[1] = (uint8_t)n, block[2] = (uint8_t)(n >> 8), block[3] = (uint8_t)~n, block[4] = (uint8_t)(~n >> 8);
            memcpy(block + 5, bytes + (size_t)k * n, n);
            size = n + 5;
        }
        used += size;
    }
    return used + put_adler(bytes, nbytes, out + used);
}

/* Compressed size, 0 on failure. */
static size_t compress(Tools *tools, const Recipe *recipe, const uint8_t *values, uint8_t *out, size_t room) {
    if (recipe->codec == BLOSC_CRC) {
        int size = blosc_pack(recipe->level, recipe->blosc_shuffle, (size_t)recipe->itemsize, recipe->nbytes, values, out, room - 4,
                              recipe->blosc_name, 0, 1);
        if (size <= 0) return 0;
        uint32_t crc = crc_run(out, (size_t)size);
        for (int k = 0; k < 4; k++) out[size + k] = (uint8_t)(crc >> (8 * k));
        return (size_t)size + 4;
    }
    int rare = has_runs(values, recipe->itemsize, recipe->nbytes);
    if (recipe->shuffled) {
        shuffle(values, tools->payload, recipe->itemsize, (int64_t)recipe->nbytes / recipe->itemsize);
        values = tools->payload;
    }
    if (rare) {
        size_t used = deflate_runs(values, recipe->nbytes, out + 2, room - 6, (uint16_t *)(void *)tools->tokens);
        out[0] = 0x78, out[1] = 0x01;
        if (used) return used + 2 + put_adler(values, recipe->nbytes, out + 2 + used);
    }
    return deflate_planes(&tools->packer, values, recipe->nbytes, recipe->split ? recipe->itemsize : 1, out, room);
}

/* ---- many chunks ----------------------------------------------------------------------------- */

typedef struct {
    int64_t fd;     /* file to read from; -1: offset is one in the bytes handed over */
    int64_t offset, size; /* compressed bytes; size 0: nothing is stored, fill */
    int64_t low, high;    /* values of the chunk that are wanted */
    int64_t dest, step;   /* where the first goes in out, and in which direction the next */
} Job;

int read_at(int fd, uint8_t *buffer, size_t size, off_t offset) {
    while (size) {
        ssize_t got = pread(fd, buffer, size, offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return UNREADABLE;
        if (got == 0) return CUT;
        buffer += got, size -= (size_t)got, offset += got;
    }
    return FINE;
}

static int is_zero(const uint8_t *bytes, int n) {
    while (n && !bytes[n - 1]) n--;
    return !n;
}

static void fill_values(uint8_t *out, const uint8_t *fill, int itemsize, int64_t n, int64_t step) {
    if (step < 0) out -= (n - 1) * itemsize;
    size_t nbytes = (size_t)(n * itemsize), done = (size_t)itemsize < nbytes ? (size_t)itemsize : nbytes;
    if (n <= 0) return;
    if (is_zero(fill, itemsize)) {
        memset(out, 0, nbytes);
        return;
    }
    memcpy(out, fill, done);
    for (; done < nbytes; done += done < nbytes - done ? done : nbytes - done) /* what is there, once more */
        memcpy(out + done, out, done < nbytes - done ? done : nbytes - done);
}

enum { READ_AHEAD = 1 << 18, GAP = 1 << 12 };

/* The compressed bytes of a job. Jobs that follow and follow closely in the file come with it: a read for
 * each chunk of a chromosome costs as much as the decompression of a sparse one. */
typedef struct {
    int64_t fd, offset, size; /* what tools->raw holds */
} Held;

static const uint8_t *raw_of(Tools *tools, Held *held, const Job *job, const Job *stop, int *problem) {
    if (held->fd != job->fd || job->offset < held->offset || job->offset + job->size > held->offset + held->size) {
        int64_t end = job->offset + job->size;
        for (const Job *next = job + 1; next < stop && next->fd == job->fd; next++) {
            if (!next->size) continue;
            int64_t last = next->offset + next->size;
            if (next->offset < job->offset || next->offset > end + GAP || last - job->offset > READ_AHEAD) break;
            if (last > end) end = last;
        }
        held->fd = -1;
        if (!grow(&tools->raw, &tools->raw_size, (size_t)(end - job->offset))) {
            *problem = NO_MEMORY;
            return NULL;
        }
        int failed = read_at((int)job->fd, tools->raw, (size_t)(end - job->offset), (off_t)job->offset);
        if (failed && end > job->offset + job->size) { /* what comes after this job is cut off: reported when its turn comes */
            end = job->offset + job->size;
            failed = read_at((int)job->fd, tools->raw, (size_t)job->size, (off_t)job->offset);
        }
        if (failed) {
            *problem = failed;
            return NULL;
        }
        held->fd = job->fd, held->offset = job->offset, held->size = end - job->offset;
    }
    return tools->raw + (job->offset - held->offset);
}

static int64_t run_jobs(int codec, int itemsize, int shuffled, int64_t length, const Job *jobs, int64_t n, const uint8_t *bytes,
                        const uint8_t *fill, uint8_t *out, int *problem) {
    Tools *tools = get_tools();
    size_t nbytes = (size_t)(length * itemsize);
    if (!tools || !grow(&tools->payload, &tools->payload_size, nbytes)) {
        *problem = NO_MEMORY;
        return 0;
    }
    const Job *decoded = NULL;
    Held held = {-1, 0, 0};
    for (int64_t k = 0; k < n; k++) {
        const Job *job = &jobs[k];
        uint8_t *to = out + job->dest * itemsize;
        if (!job->size) {
            fill_values(to, fill, itemsize, job->high - job->low, job->step);
            continue;
        }
        if (!decoded || decoded->fd != job->fd || decoded->offset != job->offset) {
            if (job->size > (int64_t)(2 * nbytes + 65536)) { /* no codec makes chunks so much longer */
                *problem = WRONG_LENGTH;
                return k;
            }
            const uint8_t *raw = job->fd < 0 ? bytes + job->offset : raw_of(tools, &held, job, jobs + n, problem);
            if (!*problem) *problem = decompress(tools, codec, raw, (size_t)job->size, tools->payload, nbytes);
            if (*problem) return k;
            decoded = job;
        }
        place(tools->payload, itemsize, shuffled, length, job->low, job->high, to, job->step);
    }
    return n;
}

/* ---- Python ---------------------------------------------------------------------------------- */

/* libdeflate, where it is there and does what it should with a block that holds "abc". */
static void bind_whole(const char *path) {
    static const uint8_t stored[] = {0x01, 0x03, 0x00, 0xfc, 0xff, 'a', 'b', 'c'};
    uint8_t out[3] = {0};
    size_t used;
    void *library = *path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library) return;
    *(void **)&whole_alloc = dlsym(library, "libdeflate_alloc_decompressor");
    *(void **)&whole_free = dlsym(library, "libdeflate_free_decompressor");
    int (*run)(void *, const void *, size_t, void *, size_t, size_t *, size_t *);
    *(void **)&run = dlsym(library, "libdeflate_deflate_decompress_ex");
    void *trial = whole_alloc && whole_free && run ? whole_alloc() : NULL;
    if (!trial) return;
    if (!run(trial, stored, sizeof stored, out, 3, &used, NULL) && !memcmp(out, "abc", 3)) whole_run = run;
    whole_free(trial);
}

static PyObject *py_bind(PyObject *self, PyObject *args) {
    const char *zlib, *blosc, *crc, *whole;
    if (!PyArg_ParseTuple(args, "ssss", &zlib, &blosc, &crc, &whole)) return NULL;
    bind_whole(whole);
    void *z = dlopen(zlib, RTLD_NOW | RTLD_LOCAL), *b = dlopen(blosc, RTLD_NOW | RTLD_LOCAL), *c = dlopen(crc, RTLD_NOW | RTLD_LOCAL);
    if (!z || !b || !c) Py_RETURN_FALSE;
    *(void **)&inflate_init = dlsym(z, "zng_inflateInit2");
    *(void **)&inflate_reset = dlsym(z, "zng_inflateReset");
    *(void **)&inflate_run = dlsym(z, "zng_inflate");
    *(void **)&inflate_end = dlsym(z, "zng_inflateEnd");
    *(void **)&deflate_init = dlsym(z, "zng_deflateInit2");
    *(void **)&deflate_reset = dlsym(z, "zng_deflateReset");
    *(void **)&deflate_run = dlsym(z, "zng_deflate");
    *(void **)&deflate_end = dlsym(z, "zng_deflateEnd");
    *(void **)&deflate_bound = dlsym(z, "zng_deflateBound");
    *(void **)&adler_run = dlsym(z, "zng_adler32");
    *(void **)&gzip_crc = dlsym(z, "zng_crc32");
    *(void **)&zlib_version = dlsym(z, "zlibng_version");
    *(void **)&blosc_pack = dlsym(b, "blosc_compress_ctx");
    *(void **)&blosc_run = dlsym(b, "blosc_decompress_ctx");
    *(void **)&crc_run = dlsym(c, "crc32c_value");
    int found = inflate_init && inflate_reset && inflate_run && inflate_end && zlib_version && blosc_run && blosc_pack && crc_run;
    found = found && deflate_init && deflate_reset && deflate_run && deflate_end && deflate_bound && adler_run && gzip_crc;
    return PyBool_FromLong(found && zlib_version()[0] == '2' && zlib_version()[1] == '.');
}

static PyObject *problem_error(int problem) {
    if (problem == NO_MEMORY) return PyErr_NoMemory();
    PyErr_SetString(PyExc_ValueError, PROBLEMS[problem]);
    return NULL;
}

PyObject *outside_error(void) {
    PyErr_SetString(PyExc_IndexError, "values outside a chunk, or outside the array they are put into");
    return NULL;
}

static int jobs_fit(const Job *jobs, int64_t n, int64_t length, int64_t wanted, int64_t bytes) {
    for (int64_t k = 0; k < n; k++) {
        const Job *job = &jobs[k];
        int64_t last = job->dest + job->step * (job->high - job->low - 1);
        if (job->low < 0 || job->low >= job->high || job->high > length || (job->step != 1 && job->step != -1)) return 0;
        if (job->dest < 0 || job->dest >= wanted || last < 0 || last >= wanted || job->size < 0 || job->offset < 0) return 0;
        if (job->size > INT64_MAX - job->offset) return 0;
        if (job->fd < 0 && (job->size > bytes || job->offset > bytes - job->size)) return 0;
    }
    return 1;
}

static PyObject *py_payload(PyObject *self, PyObject *args) {
    int codec;
    Py_ssize_t nbytes;
    Py_buffer raw;
    if (!PyArg_ParseTuple(args, "iy*n", &codec, &raw, &nbytes)) return NULL;
    PyObject *payload = PyBytes_FromStringAndSize(NULL, nbytes);
    int problem = NO_MEMORY;
    if (payload) {
        uint8_t *to = (uint8_t *)PyBytes_AsString(payload);
        Py_BEGIN_ALLOW_THREADS;
        Tools *tools = get_tools();
        if (tools) problem = decompress(tools, codec, raw.buf, (size_t)raw.len, to, (size_t)nbytes);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&raw);
    if (!problem) return payload;
    Py_XDECREF(payload);
    return problem_error(problem);
}

static PyObject *py_encode(PyObject *self, PyObject *args) {
    Recipe recipe;
    Py_buffer chunks;
    Py_ssize_t nbytes;
    if (!PyArg_ParseTuple(args, "iiiiniziy*", &recipe.codec, &recipe.itemsize, &recipe.shuffled, &recipe.split, &nbytes, &recipe.level, &recipe.blosc_name,
                          &recipe.blosc_shuffle, &chunks))
        return NULL;
    recipe.nbytes = (size_t)nbytes;
    Py_ssize_t n = nbytes > 0 ? chunks.len / nbytes : 0, done = 0;
    uint8_t *packed = NULL;
    size_t *sizes = NULL, used = 0;
    Py_BEGIN_ALLOW_THREADS;
    Tools *tools = get_tools();
    size_t bound = tools ? compressed_bound(tools, &recipe) : 0;
    if (bound && grow(&tools->payload, &tools->payload_size, recipe.nbytes)) {
        packed = malloc(bound * (size_t)n + 1);
        sizes = malloc(sizeof(size_t) * (size_t)(n + 1));
    }
    while (packed && sizes && done < n) {
        size_t size = compress(tools, &recipe, (const uint8_t *)chunks.buf + done * nbytes, packed + used, bound);
        if (!size) break;
        sizes[done++] = size;
        used += size;
    }
    Py_END_ALLOW_THREADS;
    PyBuffer_Release(&chunks);
    PyObject *list = done == n ? PyList_New(n) : NULL;
    for (Py_ssize_t k = 0, at = 0; list && k < n; at += (Py_ssize_t)sizes[k++]) {
        PyObject *item = PyBytes_FromStringAndSize((char *)packed + at, (Py_ssize_t)sizes[k]);
        if (!item || PyList_SetItem(list, k, item)) Py_CLEAR(list);
    }
    free(packed);
    free(sizes);
    if (!list && !PyErr_Occurred()) PyErr_NoMemory();
    return list;
}

static PyObject *py_place(PyObject *self, PyObject *args) {
    int itemsize, shuffled;
    Py_ssize_t low, high, dest;
    Py_buffer payload, out;
    if (!PyArg_ParseTuple(args, "iiy*nnw*n", &itemsize, &shuffled, &payload, &low, &high, &out, &dest)) return NULL;
    Py_ssize_t length = payload.len / itemsize;
    int fits = 0 <= low && low <= high && high <= length && 0 <= dest && dest + high - low <= out.len / itemsize;
    if (fits) place(payload.buf, itemsize, shuffled, length, low, high, (uint8_t *)out.buf + dest * itemsize, 1);
    PyBuffer_Release(&payload);
    PyBuffer_Release(&out);
    if (!fits) return outside_error();
    Py_RETURN_NONE;
}

static PyObject *py_read(PyObject *self, PyObject *args) {
    int codec, itemsize, shuffled, fd, problem = FINE;
    long long length, offset, size, low, high, dest;
    Py_buffer out;
    if (!PyArg_ParseTuple(args, "iiiLiLLLLw*L", &codec, &itemsize, &shuffled, &length, &fd, &offset, &size, &low, &high, &out, &dest)) return NULL;
    Job job = {fd, offset, size, low, high, dest, 1};
    int fits = fd >= 0 && size > 0 && jobs_fit(&job, 1, length, out.len / itemsize, 0);
    if (fits) {
        Py_BEGIN_ALLOW_THREADS;
        run_jobs(codec, itemsize, shuffled, length, &job, 1, NULL, NULL, out.buf, &problem);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&out);
    if (!fits) return outside_error();
    if (problem) return problem_error(problem);
    Py_RETURN_NONE;
}

static PyObject *py_decode(PyObject *self, PyObject *args) {
    int codec, itemsize, shuffled, problem = FINE;
    long long length;
    Py_buffer jobs, bytes, fill, out;
    if (!PyArg_ParseTuple(args, "iiiLy*y*y*w*", &codec, &itemsize, &shuffled, &length, &jobs, &bytes, &fill, &out)) return NULL;
    int64_t n = jobs.len / (int64_t)sizeof(Job), done = 0;
    int fits = fill.len == itemsize && jobs_fit(jobs.buf, n, length, out.len / itemsize, bytes.len);
    if (fits) {
        Py_BEGIN_ALLOW_THREADS;
        done = run_jobs(codec, itemsize, shuffled, length, jobs.buf, n, bytes.buf, fill.buf, out.buf, &problem);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&jobs);
    PyBuffer_Release(&bytes);
    PyBuffer_Release(&fill);
    PyBuffer_Release(&out);
    if (!fits) return outside_error();
    if (!problem) Py_RETURN_NONE;
    if (problem == NO_MEMORY) return PyErr_NoMemory();
    return Py_BuildValue("Ls", (long long)done, PROBLEMS[problem]);
}

/* Members of a gzip file: each is deflate, then crc32 and length (RFC 1952). */
typedef struct {
    int64_t offset, size; /* of the deflate stream and the 8 bytes after it, in the bytes handed over */
    int64_t dest, length; /* where it goes, and how long it is there */
} Member;

static int inflate_whole(Tools *tools, const uint8_t *raw, size_t size, uint8_t *out, size_t length) {
    if (!whole_run) return inflate(tools, RAW_WINDOW, raw, size, out, length);
    if (!tools->whole) tools->whole = whole_alloc();
    if (!tools->whole) return NO_MEMORY;
    size_t used;
    switch (whole_run(tools->whole, raw, size, out, length, &used, NULL)) {
    case 0: return used == size ? FINE : WRONG_LENGTH;
    case 1: return MALFORMED;
    default: return WRONG_LENGTH; /* shorter, or longer */
    }
}

int thread_buffers(size_t raw_size, uint8_t **raw, size_t payload_size, uint8_t **payload) {
    Tools *tools = get_tools();
    if (!tools || !grow(&tools->raw, &tools->raw_size, raw_size) || !grow(&tools->payload, &tools->payload_size, payload_size)) return 0;
    *raw = tools->raw, *payload = tools->payload;
    return 1;
}

/* The deflate stream in a zlib stream by libdeflate, which must be told where it ends. */
static int inflate_body(Tools *tools, const uint8_t *raw, size_t size, uint8_t *out, size_t room, size_t *got) {
    size_t used = 0;
    if (size < 7 || (raw[0] & 15) != Z_DEFLATED || (raw[0] << 8 | raw[1]) % 31 || raw[1] & 32) return MALFORMED;
    if (!tools->whole) tools->whole = whole_alloc();
    if (!tools->whole) return NO_MEMORY;
    int end = whole_run(tools->whole, raw + 2, size - 6, out, room, &used, got);
    if (end) return end == 1 ? MALFORMED : WRONG_LENGTH;
    const uint8_t *sum = raw + 2 + used;
    uint32_t adler = (uint32_t)sum[0] << 24 | (uint32_t)sum[1] << 16 | (uint32_t)sum[2] << 8 | sum[3];
    return adler == adler_run(1, out, (uint32_t)*got) ? FINE : MALFORMED;
}

int inflate_zlib(const uint8_t *raw, size_t size, uint8_t *out, size_t room, size_t *got) {
    Tools *tools = get_tools();
    if (!tools) return NO_MEMORY;
    return whole_run ? inflate_body(tools, raw, size, out, room, got) : inflate_up_to(tools, ZLIB_WINDOW, raw, size, out, room, got);
}

static int gunzip_member(Tools *tools, const Member *member, const uint8_t *bytes, uint8_t *out) {
    const uint8_t *raw = bytes + member->offset, *end = raw + member->size - 8;
    uint8_t none;
    uint8_t *to = member->length ? out + member->dest : &none;
    int problem = inflate_whole(tools, raw, (size_t)member->size - 8, to, (size_t)member->length);
    if (problem) return problem;
    uint32_t crc = end[0] | end[1] << 8 | end[2] << 16 | (uint32_t)end[3] << 24;
    return crc == gzip_crc(0, to, (uint32_t)member->length) ? FINE : WRONG_GZIP_CRC;
}

static PyObject *py_gunzip(PyObject *self, PyObject *args) {
    Py_buffer members, bytes, out;
    int problem = FINE, fits = 1;
    if (!PyArg_ParseTuple(args, "y*y*w*", &members, &bytes, &out)) return NULL;
    const Member *all = members.buf;
    int64_t n = members.len / (int64_t)sizeof(Member), done = 0;
    for (int64_t k = 0; k < n && fits; k++)
        fits = all[k].size >= 8 && all[k].offset >= 0 && all[k].size <= bytes.len && all[k].offset <= bytes.len - all[k].size && all[k].length >= 0 &&
               all[k].dest >= 0 && all[k].length <= out.len && all[k].dest <= out.len - all[k].length && all[k].length <= UINT32_MAX;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS;
        Tools *tools = get_tools();
        if (!tools) problem = NO_MEMORY;
        while (!problem && done < n) {
            problem = gunzip_member(tools, &all[done], bytes.buf, out.buf);
            done += !problem;
        }
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&members);
    PyBuffer_Release(&bytes);
    PyBuffer_Release(&out);
    if (!fits) return outside_error();
    if (!problem) Py_RETURN_NONE;
    if (problem == NO_MEMORY) return PyErr_NoMemory();
    return Py_BuildValue("Ls", (long long)done, PROBLEMS[problem]);
}

static PyMethodDef methods[] = {
    {"bind", py_bind, METH_VARARGS, "bind(zlib_ng, blosc, crc32c, deflate) -> bool: take the codecs from these shared objects; the last may be absent."},
    {"payload", py_payload, METH_VARARGS, "payload(codec, raw, nbytes) -> bytes: one chunk decompressed; ValueError."},
    {"place", py_place, METH_VARARGS, "place(itemsize, shuffled, payload, low, high, out, dest): values [low, high) of a payload."},
    {"read", py_read, METH_VARARGS, "read(codec, itemsize, shuffled, length, fd, offset, size, low, high, out, dest): values of one chunk of a file."},
    {"encode", py_encode, METH_VARARGS,
     "encode(codec, itemsize, shuffled, split, nbytes, level, blosc_name, blosc_shuffle, chunks) -> list of bytes."},
    {"decode", py_decode, METH_VARARGS,
     "decode(codec, itemsize, shuffled, length, jobs, bytes, fill, out): many chunks; None, or (bad job, what is wrong)."},
    {"paint", py_paint, METH_VARARGS,
     "paint(swapped, stored, jobs, bytes, out): blocks of a bigWig; None, or (bad job, what is wrong)."},
    {"items", py_items, METH_VARARGS,
     "items(swapped, stored, jobs, bytes, start, end, value): items of blocks, as many as fit; blocks, items, what is wrong with the next or None."},
    {"unpack", py_unpack, METH_VARARGS, "unpack(fd, offset, size, bytes, stored, room) -> bytes: one block inflated; ValueError."},
    {"gunzip", py_gunzip, METH_VARARGS, "gunzip(members, bytes, out): members of a gzip file; None, or (bad member, what is wrong)."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_chunks", "Compressed chunks into values.", -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__chunks(void) {
    if (pthread_key_create(&tools_key, drop_tools)) return PyErr_NoMemory();
    prepare_runs();
    return PyModule_Create(&module);
}
