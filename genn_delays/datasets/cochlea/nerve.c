/* Hair cells and bushy cells of neighbouring places, LANES of them side by side.
   The equations are in nerve.py. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#define LANES 16

typedef float reals __attribute__((vector_size(4 * LANES)));
typedef int32_t wholes __attribute__((vector_size(4 * LANES)));
typedef uint32_t words __attribute__((vector_size(4 * LANES)));

typedef struct {
    /* of the hair cell, rates times the time step */
    float replenish, release, loss, reuptake, reprocess, rate;
    float permeable, saturated, most;
    float pool, cleft, store; /* at rest */
    /* of the bushy cell */
    float keep_voltage, keep_current, weight;
    int32_t cells, refractory; /* in samples, of fibres and bushy cells */
} Nerve;

static inline reals spread(float x) { return x - (reals){0}; }

static inline reals chosen(wholes mask, reals yes, reals no) {
    return (reals)((mask & (wholes)yes) | (~mask & (wholes)no));
}

static inline reals positive(reals x) { return chosen(x > 0.0f, x, (reals){0}); }

static inline int any(wholes mask) {
    typedef uint64_t half __attribute__((vector_size(2 * LANES)));
    half parts[2];
    memcpy(parts, &mask, sizeof mask);
    parts[0] |= parts[1];
    return (parts[0][0] | parts[0][1] | parts[0][2] | parts[0][3]) != 0;
}

/* Splitmix64: states for xoshiro128++ from a seed of one lane. */
static uint64_t mixed(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline words turned(words x, int by) { return (x << by) | (x >> (32 - by)); }

/* xoshiro128++ (Blackman and Vigna 2021), as numbers between 0 and 1, neither included. */
static inline reals uniform(words *s) {
    words out = turned(s[0] + s[3], 7) + s[0], moved = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= moved;
    s[3] = turned(s[3], 11);
    wholes bits = (wholes)(out >> 9);
    return (__builtin_convertvector(bits, reals) + 0.5f) * 0x1p-23f;
}

/* How many of `free` cells fire, each with a probability p < 1: the binomial distribution at u. */
static inline wholes firing(reals p, wholes free, reals u, int cells) {
    reals still = 1.0f - p, chance = spread(1.0f), power = still;
    for (int bit = 1; bit <= cells; bit <<= 1, power *= power)
        chance *= chosen((free & bit) != 0, power, spread(1.0f));
    reals odds = p / still, sum = chance, left = __builtin_convertvector(free, reals);
    wholes fired = {0};
    for (int k = 0; k < cells; k++) {
        /* beyond it the chances add up to less than a rounding of the sum */
        wholes more = (u > sum) & (chance > 1e-8f);
        if (!any(more)) break;
        fired -= more;
        chance *= odds * (left - (float)k) * (1.0f / (float)(k + 1));
        sum += chance;
    }
    return fired;
}

/* Spikes of LANES places, at `velocity` with `stride` numbers a sample. Returns how many;
   `time` (samples) and `place` have room for samples / refractory + 1 of every place. */
int64_t hear(const Nerve *n, const float *velocity, int64_t stride, int64_t samples,
             const uint64_t *seeds, int32_t *time, int32_t *place) {
    words random[4];
    for (int lane = 0; lane < LANES; lane++) {
        uint64_t state = seeds[lane], a = mixed(&state), b = mixed(&state);
        random[0][lane] = (uint32_t)a;
        random[1][lane] = (uint32_t)(a >> 32);
        random[2][lane] = (uint32_t)b;
        random[3][lane] = (uint32_t)(b >> 32);
    }
    reals q = spread(n->pool), c = spread(n->cleft), w = spread(n->store);
    reals voltage = {0}, current = {0};
    wholes held = {0}, busy = {0};
    int64_t count = 0;
    int32_t slot = 0;
    wholes fired_at[n->refractory]; /* in the last samples, in a ring; the newest is of this one */
    memset(fired_at, 0, sizeof fired_at);
    for (int64_t t = 0; t < samples; t++) {
        reals x;
        memcpy(&x, velocity + t * stride, sizeof x);
        x += n->permeable;
        reals k = chosen(x > 0.0f, n->release * x / (x + n->saturated), (reals){0});
        reals made = chosen(q < n->most, n->replenish * (n->most - q), (reals){0});
        reals eject = k * q, back = n->reprocess * w, taken = n->reuptake * c;
        q = positive(q + made - eject + back);
        c = positive(c + eject - n->loss * c);
        w = positive(w + taken - back);
        busy -= fired_at[slot];
        wholes fired = firing(n->rate * c, n->cells - busy, uniform(random), n->cells);
        busy += fired;
        fired_at[slot] = fired;
        slot = slot + 1 == n->refractory ? 0 : slot + 1;
        wholes ready = held <= 0, spike = ready & (voltage >= 1.0f);
        if (any(spike))
            for (int lane = 0; lane < LANES; lane++)
                if (spike[lane]) {
                    time[count] = (int32_t)(t - 1);
                    place[count++] = lane;
                }
        voltage = chosen(spike, (reals){0}, voltage * n->keep_voltage);
        held = (spike & n->refractory) | (~spike & held);
        current = current * n->keep_current + __builtin_convertvector(fired, reals);
        voltage += chosen(ready & ~spike, current * n->weight, (reals){0});
        voltage = chosen(voltage > 1.0f, spread(1.0f), voltage);
        held += held > 0; /* a mask is -1 */
    }
    return count;
}
