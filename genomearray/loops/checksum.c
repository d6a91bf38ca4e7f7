/* Bob Jenkins' lookup3: see genomearray/loops/checksum.py. */
#include "loops.h"
#include <string.h>

static inline uint32_t turned(uint32_t value, int bits) { return value << bits | value >> (32 - bits); }

#define MIX(a, b, c, bits) a = (a - c) ^ turned(c, bits), c += b
#define FINISH(a, b, c, bits) c = (c ^ b) - turned(b, bits)

/* data */
int jenkins(const Argument *given, int64_t *results) {
    const uint8_t *data = given[0].array.data;
    int64_t left = given[0].array.n;
    uint32_t a = 0xDEADBEEFu + (uint32_t)left, b = a, c = a;
    for (; left > 0; data += 12, left -= 12) {
        uint8_t words[12] = {0};
        memcpy(words, data, left < 12 ? (size_t)left : 12);
        a += (uint32_t)words[0] | (uint32_t)words[1] << 8 | (uint32_t)words[2] << 16 | (uint32_t)words[3] << 24;
        b += (uint32_t)words[4] | (uint32_t)words[5] << 8 | (uint32_t)words[6] << 16 | (uint32_t)words[7] << 24;
        c += (uint32_t)words[8] | (uint32_t)words[9] << 8 | (uint32_t)words[10] << 16 | (uint32_t)words[11] << 24;
        if (left > 12) {
            MIX(a, b, c, 4), MIX(b, c, a, 6), MIX(c, a, b, 8), MIX(a, b, c, 16), MIX(b, c, a, 19), MIX(c, a, b, 4);
        } else {
            FINISH(a, b, c, 14), FINISH(b, c, a, 11), FINISH(c, a, b, 25), FINISH(a, b, c, 16);
            FINISH(b, c, a, 4), FINISH(c, a, b, 14), FINISH(a, b, c, 24);
        }
    }
    results[0] = c;
    return OK;
}
