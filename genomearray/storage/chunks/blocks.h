/* What blocks.c needs of _chunks.c, and the other way round. */
#ifndef GENOMEARRAY_BLOCKS_H
#define GENOMEARRAY_BLOCKS_H
#define PY_SSIZE_T_CLEAN
#ifndef Py_GIL_DISABLED /* free-threaded Pythons have no limited API */
#define Py_LIMITED_API 0x030b0000
#endif
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { FINE = 0, CUT, UNREADABLE, MALFORMED, WRONG_LENGTH, WRONG_CRC, WRONG_GZIP_CRC, NO_MEMORY };
extern const char *const PROBLEMS[];

/* Two buffers of the calling thread, valid until it asks again; 0 without memory. */
int thread_buffers(size_t raw_size, uint8_t **raw, size_t payload_size, uint8_t **payload);
/* A zlib stream (RFC 1950) of at most ``room`` bytes; ``got`` is their number. */
int inflate_zlib(const uint8_t *raw, size_t size, uint8_t *out, size_t room, size_t *got);
int read_at(int fd, uint8_t *buffer, size_t size, off_t offset);
PyObject *outside_error(void);

PyObject *py_paint(PyObject *self, PyObject *args);
PyObject *py_items(PyObject *self, PyObject *args);
PyObject *py_unpack(PyObject *self, PyObject *args);

#endif
