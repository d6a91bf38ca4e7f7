/* Blocks of bigWig and bigBed files: read, inflated, and those of a bigWig painted, many in one call. */
#include "blocks.h"
#include "sections.h"
#include <math.h>
#include <string.h>

enum { FILL = 0, GIVEN = -1, INFLATED = -2 }; /* sizes and files of jobs */

typedef struct {
    int64_t fd;           /* file to read from; GIVEN: offset is one in the bytes handed over; INFLATED: so is the block */
    int64_t offset, size; /* FILL: no block, bases without a value */
    Wanted wanted;
} BlockJob;

static const char *const SECTION_PROBLEMS[] = {
    "",
    "it holds another number of bytes than its count of items says",
    "it is of no kind that a bigWig has",
    "it is of another chromosome than its index says",
    "it has items outside of what its index says",
};

static int block_jobs_fit(const BlockJob *jobs, int64_t n, int64_t wanted, int64_t bytes) {
    for (int64_t k = 0; k < n; k++) {
        const Wanted *w = &jobs[k].wanted;
        if (w->low < 0 || w->low >= w->high || w->high > INT64_C(1) << 40 || (w->step != 1 && w->step != -1)) return 0;
        int64_t last = w->dest + w->step * (w->high - w->low - 1);
        if (w->dest < 0 || w->dest >= wanted || last < 0 || last >= wanted || jobs[k].size < 0 || jobs[k].offset < 0) return 0;
        if (jobs[k].size > INT64_MAX - jobs[k].offset) return 0;
        if (jobs[k].fd < 0 && (jobs[k].size > bytes || jobs[k].offset > bytes - jobs[k].size)) return 0;
    }
    return 1;
}

/* The bytes of a block as they are before compression; NULL with a problem. */
static const uint8_t *block_of(const BlockJob *job, const uint8_t *bytes, int stored, size_t room, size_t *size, int *problem) {
    uint8_t *raw = NULL, *payload;
    const uint8_t *from = bytes + job->offset;
    *size = (size_t)job->size;
    /* No block is longer than its items; of compressed ones, few bytes beside them are. */
    if (*size > room + room / 1000 + 64) {
        *problem = WRONG_LENGTH;
        return NULL;
    }
    if (!thread_buffers(job->fd >= 0 ? *size : 0, &raw, room, &payload)) {
        *problem = NO_MEMORY;
        return NULL;
    }
    if (job->fd >= 0) {
        if ((*problem = read_at((int)job->fd, raw, *size, (off_t)job->offset))) return NULL;
        from = raw;
    }
    if (stored || job->fd == INFLATED) return from;
    *problem = inflate_zlib(from, (size_t)job->size, payload, room, size);
    return *problem ? NULL : payload;
}

static void fill_missing(const Wanted *wanted, float *out) {
    int64_t n = wanted->high - wanted->low;
    float *to = out + wanted->dest - (wanted->step < 0 ? n - 1 : 0);
    for (int64_t i = 0; i < n; i++) to[i] = NAN;
}

/* Jobs that were done, into ``out`` or as ``items``; what is wrong with the next one, NULL if nothing is. */
static int64_t run_block_jobs(const BlockJob *jobs, int64_t n, const uint8_t *bytes, int swapped, int stored, float *out, Items *items,
                              int *problem, const char **what) {
    const BlockJob *held = NULL;
    const uint8_t *block = NULL;
    size_t size = 0;
    for (int64_t k = 0; k < n; k++) {
        const BlockJob *job = &jobs[k];
        if (job->size == FILL) {
            fill_missing(&job->wanted, out);
            continue;
        }
        if (!held || held->fd != job->fd || held->offset != job->offset || held->size != job->size) {
            held = NULL;
            block = block_of(job, bytes, stored, MOST_SECTION, &size, problem);
            if (!block) {
                *what = PROBLEMS[*problem];
                return k;
            }
            held = job;
        }
        int wrong = items ? list_section(block, size, swapped, &job->wanted, items) : paint_section(block, size, swapped, &job->wanted, out);
        if (wrong == SECTION_ROOM) return k;
        if (wrong) {
            *what = SECTION_PROBLEMS[wrong];
            return k;
        }
    }
    return n;
}

PyObject *py_paint(PyObject *self, PyObject *args) {
    int swapped, stored, problem = FINE;
    Py_buffer jobs, bytes, out;
    (void)self;
    if (!PyArg_ParseTuple(args, "iiy*y*w*", &swapped, &stored, &jobs, &bytes, &out)) return NULL;
    int64_t n = jobs.len / (int64_t)sizeof(BlockJob), done = 0;
    const char *what = NULL;
    int fits = block_jobs_fit(jobs.buf, n, out.len / (int64_t)sizeof(float), bytes.len);
    if (fits) {
        Py_BEGIN_ALLOW_THREADS;
        done = run_block_jobs(jobs.buf, n, bytes.buf, swapped, stored, out.buf, NULL, &problem, &what);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&jobs);
    PyBuffer_Release(&bytes);
    PyBuffer_Release(&out);
    if (!fits) return outside_error();
    if (!what) Py_RETURN_NONE;
    if (problem == NO_MEMORY) return PyErr_NoMemory();
    return Py_BuildValue("Ls", (long long)done, what);
}

PyObject *py_items(PyObject *self, PyObject *args) {
    int swapped, stored, problem = FINE;
    Py_buffer jobs, bytes, start, end, value;
    (void)self;
    if (!PyArg_ParseTuple(args, "iiy*y*w*w*w*", &swapped, &stored, &jobs, &bytes, &start, &end, &value)) return NULL;
    int64_t n = jobs.len / (int64_t)sizeof(BlockJob), done = 0;
    Items items = {start.buf, end.buf, value.buf, 0, value.len / (int64_t)sizeof(float)};
    const char *what = NULL;
    int fits = items.room >= 65535 && start.len == 8 * items.room && end.len == 8 * items.room && block_jobs_fit(jobs.buf, n, INT64_MAX, bytes.len);
    for (int64_t k = 0; k < n && fits; k++) fits = ((const BlockJob *)jobs.buf)[k].size != FILL;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS;
        done = run_block_jobs(jobs.buf, n, bytes.buf, swapped, stored, NULL, &items, &problem, &what);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&jobs);
    PyBuffer_Release(&bytes);
    PyBuffer_Release(&start);
    PyBuffer_Release(&end);
    PyBuffer_Release(&value);
    if (!fits) return outside_error();
    if (what && problem == NO_MEMORY) return PyErr_NoMemory();
    return Py_BuildValue("LLz", (long long)done, (long long)items.n, what);
}

/* One block, of at most ``room`` bytes. */
PyObject *py_unpack(PyObject *self, PyObject *args) {
    BlockJob job = {0};
    long long fd, offset, size, room;
    int stored, problem = FINE;
    Py_buffer bytes;
    size_t used = 0;
    (void)self;
    if (!PyArg_ParseTuple(args, "LLLy*iL", &fd, &offset, &size, &bytes, &stored, &room)) return NULL;
    job.fd = fd, job.offset = offset, job.size = size;
    int fits = size > 0 && offset >= 0 && room > 0 && (fd >= 0 || (size <= bytes.len && offset <= bytes.len - size));
    const uint8_t *block = NULL;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS;
        block = block_of(&job, bytes.buf, stored, (size_t)room, &used, &problem);
        Py_END_ALLOW_THREADS;
    }
    PyObject *answer = block ? PyBytes_FromStringAndSize((const char *)block, (Py_ssize_t)used) : NULL;
    PyBuffer_Release(&bytes);
    if (!fits) return outside_error();
    if (!block && problem == NO_MEMORY) return PyErr_NoMemory();
    if (!block) PyErr_SetString(PyExc_ValueError, PROBLEMS[problem]);
    return answer;
}
