/* The module of the compiled loops: which there are, and what each takes (arguments.h). */
#include "loops.h"
#include "wide.h"

int use_wide = 0;

static const Loop loops[] = {
    {"summarise_small", "any i8 i8 u8= i8= any= f8= any= any=", 0, summarise_small},
    {"summarise_any", "any i8 i8 i8= any= f8= any= any=", 0, summarise_any},
    {"merge_parts", "i8 i8 i8 i8 i8 any f8 any any i8 any f8 any any n i8= any= f8= any= any=", 0, merge_parts},
    {"add_whole", "ints ints=", 0, add_whole},
    {"add_valid", "any x b f8= f8=", 0, add_valid},
    {"divide", "ints x any=", 0, divide},
    {"divide_by_weight", "f8 f8 b any=", 0, divide_by_weight},
    {"extreme", "any b f8= f8=", 0, extreme},
    {"add_deviations", "any f8= f8= f8=", 0, add_deviations},
    {"quantiles", "f8 i8 i8 f8 any=", 0, quantiles},
    {"roll", "f8 n n n n f8=", 0, roll},
    {"convolve", "f8 f8 f8=", 0, convolve},
    {"add_lags", "f8 f8 i8 f8=", 0, add_lags},
    {"scale_regions", "any i8 i8 u1 n f8=", 0, scale_regions},
    {"add_up", "ints", 1, add_up},
    {"count_small", "ints n i8=", 0, count_small},
    {"count_digits", "ints n n u8 i8=", 0, count_digits},
    {"count_letters", "u1 i8=", 0, count_letters},
    {"count_codes", "i8 n n i8=", 0, count_codes},
    {"find_pattern", "u1 u1 u1=", 0, find_pattern},
    {"paint_intervals", "any= u1= i4 i4 any n", 2, paint_intervals},
    {"paint_scores", "any= i8 i8 any", 0, paint_scores},
    {"cut_intervals", "i8 i8 i8 i8 n i8= i8= i8=", 1, cut_intervals},
    {"cover", "u4= ints ints n", 0, cover},
    {"fill_distances", "any= n n ints ints i8 i1 b", 0, fill_distances},
    {"jenkins", "u1", 1, jenkins},
    {NULL, NULL, 0, NULL},
};

static int can_be_wide(void) {
#if HAS_WIDE
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
#else
    return 0;
#endif
}

static PyObject *wide(PyObject *self, PyObject *wanted) {
    (void)self;
    int truth = PyObject_IsTrue(wanted);
    if (truth < 0) return NULL;
    use_wide = truth && can_be_wide();
    return PyBool_FromLong(use_wide);
}

static PyMethodDef methods[] = {
    {"wide", wide, METH_O, "wide(wanted) -> bool: use wide instructions where the machine has them; whether it does."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_compiled", "Compiled loops.", -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__compiled(void) {
    use_wide = can_be_wide();
    PyObject *made = PyModule_Create(&module);
    if (made && add_loops(made, loops)) Py_CLEAR(made);
    return made;
}
