/* Includes EACH for every type of numbers, without wide instructions and with them. */
#define TARGET
#include "types.h"
#undef TARGET
#if HAS_WIDE
#define TARGET FOR_AVX2
#define LEVEL _avx2
#include "types.h"
#undef TARGET
#endif
#undef EACH
