/* The module of the compiled loops of the converters: which there are, and what each takes (arguments.h). */
#include "loops.h"

static const Loop loops[] = {
    {"scan_bedgraph", "u1 i8= i8= f8= i4= i8= i8= i8=", 5, scan_bedgraph},
    {"scan_wig", "u1 i8= i8= i8= f8= i4= i8= i8= i8=", 5, scan_wig},
    {"scan_columns", "u1 n n n n b i8= i8= f8= i4= i8= i8= i8=", 5, scan_columns},
    {"scan_table", "u1 n b b u1 u1 i8= i8= i8= f8= i4= i8= i8= i8=", 5, scan_table},
    {"copy_letters", "u1 n u1 u1=", 4, copy_letters},
    {"scan_records", "u1 n n n n n b i8 i8= i8= i8= i8= i8= i8= i8= i8=", 3, scan_records},
    {"read_lengths", "u1 i8 i8 i8 i8 i8 i8 n i8= i8=", 0, read_lengths},
    {"add_intervals", "u4= i8= i8= i8", 0, add_intervals},
    {"count_depth", "u1 i8 i8 i8 i8 i8 i8 n n b n b n i8= u1= i8= u4= i8= i8= i8 i8=", 3, count_depth},
    {"count_ends", "i8 i8 i8 i8 i8 i8 n b n n n u4= i8= i8= i8 i8=", 0, count_ends},
    {"find_fragments", "u1 i8 i8 i8 i8 i8 i8 n n i8= i8=", 1, find_fragments},
    {"select_fragments", "i8= n n i8 b b i8 i8=", 1, select_fragments},
    {"add_fragments", "i8 b n u4= i8= i8=", 0, add_fragments},
    {"waiting_alive", "i8 u1 i8 n", 2, waiting_alive},
    {"waiting_rebuild", "i8 u1 i8 n i8= u1= i8=", 0, waiting_rebuild},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_compiled", "Compiled loops of the converters.", -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__compiled(void) {
    PyObject *made = PyModule_Create(&module);
    if (made && add_loops(made, loops)) Py_CLEAR(made);
    return made;
}
