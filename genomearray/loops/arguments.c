#include "arguments.h"
#include <string.h>

typedef struct {
    const Loop *loop;
    const char *next; /* the word of the next argument */
    Argument given[MOST_ARGUMENTS];
    Py_buffer buffers[MOST_ARGUMENTS];
    int n, n_buffers;
} Call;

/* The type of a format of the buffer protocol, in the byte order of the machine; TYPES for none. */
static Type type_of(const char *format, Py_ssize_t itemsize) {
    const char here = *(const uint8_t *)&(const uint16_t){1} ? '<' : '>';
    if (*format == '@' || *format == '=' || *format == here) format++;
    if (format[0] == 0 || format[1] != 0) return TYPES;
    const Type of_size[2][9] = {{TYPES, U1, U2, TYPES, U4, TYPES, TYPES, TYPES, U8}, {TYPES, I1, I2, TYPES, I4, TYPES, TYPES, TYPES, I8}};
    if (itemsize < 1 || itemsize > 8) return TYPES;
    if (strchr("?BHILQ", *format)) return of_size[0][itemsize];
    if (strchr("bhilq", *format)) return of_size[1][itemsize];
    return *format == 'f' ? F4 : *format == 'd' ? F8 : TYPES;
}

static int is_wanted(const char *word, size_t length, Type type) {
    static const char *const names[] = {"u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"};
    if (type == TYPES) return 0;
    if (length == 3) return 1; /* any */
    if (length == 4) return type != F4 && type != F8; /* ints */
    return !strncmp(word, names[type], 2);
}

static int take_array(Call *call, PyObject *value, const char *word, size_t length) {
    int written = word[length - 1] == '=';
    if (written) length--;
    Py_buffer *buffer = &call->buffers[call->n_buffers];
    if (PyObject_GetBuffer(value, buffer, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (written ? PyBUF_WRITABLE : 0))) return 0;
    call->n_buffers++;
    Array *array = &call->given[call->n].array;
    array->data = buffer->buf;
    array->type = type_of(buffer->format, buffer->itemsize);
    array->n = buffer->ndim > 0 ? buffer->shape[0] : 0;
    array->columns = buffer->ndim == 2 ? buffer->shape[1] : 1;
    if (is_wanted(word, length, array->type) && (buffer->ndim == 1 || buffer->ndim == 2)) return 1;
    PyErr_Format(PyExc_TypeError, "%s: argument %d has format '%s' and %d dimensions", call->loop->name, call->n, buffer->format, buffer->ndim);
    return 0;
}

static int take(Call *call, PyObject *value) {
    if (PyTuple_Check(value)) {
        for (Py_ssize_t k = 0; k < PyTuple_Size(value); k++)
            if (!take(call, PyTuple_GetItem(value, k))) return 0;
        return 1;
    }
    const char *word = call->next;
    size_t length = strcspn(word, " ");
    if (!length || call->n == MOST_ARGUMENTS) {
        PyErr_Format(PyExc_TypeError, "%s: too many arguments", call->loop->name);
        return 0;
    }
    call->next = word + length + (word[length] == ' ');
    int fine;
    if (*word == 'n') {
        call->given[call->n].whole = PyLong_AsLongLong(value);
        fine = !PyErr_Occurred();
    } else if (length == 1 && *word == 'b') {
        call->given[call->n].whole = PyObject_IsTrue(value);
        fine = call->given[call->n].whole >= 0;
    } else if (*word == 'x') {
        call->given[call->n].number = PyFloat_AsDouble(value);
        fine = !PyErr_Occurred();
    } else {
        fine = take_array(call, value, word, length);
    }
    call->n++;
    return fine;
}

static PyObject *answer(const Call *call, int problem, const int64_t *results) {
    if (problem == OUT_OF_MEMORY) return PyErr_NoMemory();
    if (problem) return PyErr_Format(PyExc_ValueError, "%s: arrays of sizes that do not belong together", call->loop->name);
    if (!call->loop->results) Py_RETURN_NONE;
    if (call->loop->results == 1) return PyLong_FromLongLong(results[0]);
    PyObject *all = PyTuple_New(call->loop->results);
    for (int k = 0; all && k < call->loop->results; k++) {
        PyObject *one = PyLong_FromLongLong(results[k]);
        if (!one || PyTuple_SetItem(all, k, one)) Py_CLEAR(all);
    }
    return all;
}

static PyObject *run_loop(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    Call call;
    int64_t results[MOST_RESULTS] = {0};
    PyObject *out = NULL;
    call.loop = PyCapsule_GetPointer(self, NULL);
    if (!call.loop) return NULL;
    call.next = call.loop->takes;
    call.n = call.n_buffers = 0;
    int fine = 1;
    for (Py_ssize_t k = 0; fine && k < nargs; k++) fine = take(&call, args[k]);
    if (fine && *call.next) {
        PyErr_Format(PyExc_TypeError, "%s: too few arguments", call.loop->name);
        fine = 0;
    }
    if (fine) {
        int problem;
        Py_BEGIN_ALLOW_THREADS;
        problem = call.loop->run(call.given, results);
        Py_END_ALLOW_THREADS;
        out = answer(&call, problem, results);
    }
    for (int k = 0; k < call.n_buffers; k++) PyBuffer_Release(&call.buffers[k]);
    return out;
}

int add_loops(PyObject *module, const Loop *loops) {
    for (const Loop *loop = loops; loop->name; loop++) {
        /* A function of its own for each: what it does is what its capsule points to. */
        PyMethodDef *method = PyMem_Calloc(1, sizeof *method);
        PyObject *self = method ? PyCapsule_New((void *)loop, NULL, NULL) : NULL;
        if (!self) return -1;
        method->ml_name = loop->name;
        method->ml_meth = (PyCFunction)(void (*)(void))run_loop;
        method->ml_flags = METH_FASTCALL;
        PyObject *function = PyCFunction_NewEx(method, self, NULL);
        Py_DECREF(self);
        if (!function || PyModule_AddObjectRef(module, loop->name, function)) {
            Py_XDECREF(function);
            return -1;
        }
        Py_DECREF(function);
    }
    return 0;
}
