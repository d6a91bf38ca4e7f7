/* Wider instructions: functions are compiled a second time for processors with AVX2, and chosen by what
 * the machine has. Where the compiler cannot (other processors and compilers) there is one version. All
 * versions give the same bits: they add in the same order, and nothing is fused.
 * A file of them defines EACH, the header of its functions, includes twice.h, and makes TABLES. */
#ifndef GENOMEARRAY_WIDE_H
#define GENOMEARRAY_WIDE_H
#include "arguments.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAS_WIDE 1
#define FOR_AVX2 __attribute__((target("avx2")))
#else
#define HAS_WIDE 0
#endif

/* Whether the wide versions are used; a test turns them off. */
extern int use_wide;

#define EACH_TYPE_(name, level)                                                                                                         \
    {name##_u1##level, name##_i1##level, name##_u2##level, name##_i2##level, name##_u4##level, name##_i4##level, name##_u8##level,      \
     name##_i8##level, name##_f4##level, name##_f8##level}
/* Functions of one name: one for each Type, and the same for wide instructions. */
#if HAS_WIDE
#define TABLES(Function, name)                                                                                                          \
    static Function *const name##_plain[] = EACH_TYPE_(name, ), *const name##_wide[] = EACH_TYPE_(name, _avx2)
#else
#define TABLES(Function, name) static Function *const name##_plain[] = EACH_TYPE_(name, ), *const *const name##_wide = name##_plain
#endif
#define CHOSEN(name, type) (use_wide ? name##_wide : name##_plain)[type]

typedef void OfType(const Argument *given);

#endif
