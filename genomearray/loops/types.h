/* Includes EACH, a header of functions, once for every type of numbers:
 * T is the type, SUM that of sums (genomearray/summary.py, sum_dtype), FLOATS whether NaN is possible (then
 * KEY is the integer of as many bits), and OF(f) the name of f for this type. */
#define CONCAT_(a, b, c) a##_##b##c
#define CONCAT(a, b, c) CONCAT_(a, b, c)
#define OF(name) CONCAT(name, TYPE_NAME, LEVEL)
#ifndef LEVEL
#define LEVEL
#endif

#define T uint8_t
#define SUM uint64_t
#define FLOATS 0
#define TYPE_NAME u1
#include EACH
#undef T
#undef TYPE_NAME
#define T uint16_t
#define TYPE_NAME u2
#include EACH
#undef T
#undef TYPE_NAME
#define T uint32_t
#define TYPE_NAME u4
#include EACH
#undef T
#undef SUM
#undef TYPE_NAME
#define T int8_t
#define SUM int64_t
#define TYPE_NAME i1
#include EACH
#undef T
#undef TYPE_NAME
#define T int16_t
#define TYPE_NAME i2
#include EACH
#undef T
#undef TYPE_NAME
#define T int32_t
#define TYPE_NAME i4
#include EACH
#undef T
#undef SUM
#undef TYPE_NAME
#define SUM double
#define T uint64_t
#define TYPE_NAME u8
#include EACH
#undef T
#undef TYPE_NAME
#define T int64_t
#define TYPE_NAME i8
#include EACH
#undef T
#undef FLOATS
#undef TYPE_NAME
#define FLOATS 1
#define T float
#define KEY int32_t
#define MOST_KEY INT32_MAX
#define TYPE_NAME f4
#include EACH
#undef T
#undef KEY
#undef MOST_KEY
#undef TYPE_NAME
#define T double
#define KEY int64_t
#define MOST_KEY INT64_MAX
#define TYPE_NAME f8
#include EACH
#undef T
#undef KEY
#undef MOST_KEY
#undef SUM
#undef FLOATS
#undef TYPE_NAME
#undef OF
#undef LEVEL
