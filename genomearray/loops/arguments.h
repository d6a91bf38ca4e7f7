/* How compiled loops get arrays and numbers from Python, and give numbers back.
 *
 * A loop is a C function and a line of text that says what it takes; everything else (checking the
 * dtypes, unpacking tuples, letting go of the GIL) is done here, the same for all. The loops know
 * nothing of Python. The plain Python function of the same name is what a loop has to agree with;
 * see genomearray/loops/__init__.py.
 */
#ifndef GENOMEARRAY_ARGUMENTS_H
#define GENOMEARRAY_ARGUMENTS_H
#define PY_SSIZE_T_CLEAN
#ifndef Py_GIL_DISABLED /* free-threaded Pythons have no limited API */
#define Py_LIMITED_API 0x030b0000
#endif
#include <Python.h>
#include <stdint.h>

/* Of the numbers of an array; one place for each in tables of functions. Booleans are U1. */
typedef enum { U1, I1, U2, I2, U4, I4, U8, I8, F4, F8, TYPES } Type;

typedef struct {
    void *data;
    int64_t n;       /* numbers, or rows of an array of two dimensions */
    int64_t columns; /* of an array of two dimensions; else 1 */
    Type type;
} Array;

typedef union {
    Array array;
    int64_t whole;
    double number;
} Argument;

enum { MOST_ARGUMENTS = 40, MOST_RESULTS = 5 };
enum { OK = 0, WRONG_SIZES, OUT_OF_MEMORY };

typedef struct {
    const char *name;
    /* What it takes, a word for each: "n" a whole number, "b" a truth, "x" a number; "u1" ... "f8" an array
     * of that dtype, "any" one of any dtype, "ints" one of integers; with "=" behind it, one that is
     * written. Arrays are C-contiguous, of one or two dimensions. A tuple stands for its members. */
    const char *takes;
    int results; /* whole numbers that it gives; 0: None */
    int (*run)(const Argument *given, int64_t *results);
} Loop;

/* Puts a function for each loop of a table, which ends with a name of NULL, into a module. */
int add_loops(PyObject *module, const Loop *loops);

#endif
