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

/* What is carried from one sample to the next. */
typedef struct {
    words random[4];
    reals q, c, w, voltage, current;
    wholes held, busy;
} State;

/* One sample; a mask of the places whose bushy cell fired in the one before it.
   `slot` holds how many fibres fired one refractory period ago, and then how many do now. */
static inline wholes step(const Nerve *n, State *s, reals velocity, wholes *slot) {
    reals x = velocity + n->permeable;
    reals k = chosen(x > 0.0f, n->release * x / (x + n->saturated), (reals){0});
    reals made = chosen(s->q < n->most, n->replenish * (n->most - s->q), (reals){0});
    reals eject = k * s->q, back = n->reprocess * s->w, taken = n->reuptake * s->c;
    s->q = positive(s->q + made - eject + back);
    s->c = positive(s->c + eject - n->loss * s->c);
    s->w = positive(s->w + taken - back);
    wholes free = n->cells - s->busy + *slot;
    wholes fired = firing(n->rate * s->c, free, uniform(s->random), n->cells);
    s->busy += fired - *slot;
    *slot = fired;
    wholes ready = s->held <= 0, spike = ready & (s->voltage >= 1.0f);
    s->held = (spike & n->refractory) | (~spike & s->held);
    s->current = s->current * n->keep_current + __builtin_convertvector(fired, reals);
    reals voltage = chosen(spike, (reals){0}, s->voltage * n->keep_voltage);
    voltage += chosen(ready & ~spike, s->current * n->weight, (reals){0});
    s->voltage = chosen(voltage > 1.0f, spread(1.0f), voltage);
    s->held += s->held > 0; /* a mask is -1 */
    return spike;
}

static void begin(const Nerve *n, State *s, const uint64_t *seeds) {
    memset(s, 0, sizeof *s);
    for (int lane = 0; lane < LANES; lane++) {
        uint64_t state = seeds[lane], a = mixed(&state), b = mixed(&state);
        s->random[0][lane] = (uint32_t)a;
        s->random[1][lane] = (uint32_t)(a >> 32);
        s->random[2][lane] = (uint32_t)b;
        s->random[3][lane] = (uint32_t)(b >> 32);
    }
    s->q = spread(n->pool), s->c = spread(n->cleft), s->w = spread(n->store);
}

/* Spikes of `vectors` times LANES places at `velocity`, with `stride` numbers a sample. Returns
   how many; `time` (samples) and `place` have room for samples / refractory + 1 of every place. */
int64_t hear(const Nerve *n, const float *velocity, int64_t stride, int64_t samples, int vectors,
             const uint64_t *seeds, int32_t *time, int32_t *place) {
    State states[vectors];
    wholes fired[n->refractory][vectors]; /* fibres, in the last samples */
    memset(fired, 0, sizeof fired);
    for (int v = 0; v < vectors; v++) begin(n, states + v, seeds + v * LANES);
    int64_t count = 0;
    for (int64_t t = 0; t < samples; t++)
        /* vectors depend on themselves alone, so that they are computed at once */
        for (int v = 0; v < vectors; v++) {
            reals x;
            memcpy(&x, velocity + t * stride + v * LANES, sizeof x);
            wholes spike = step(n, states + v, x, &fired[t % n->refractory][v]);
            if (any(spike))
                for (int lane = 0; lane < LANES; lane++)
                    if (spike[lane]) {
                        time[count] = (int32_t)(t - 1);
                        place[count++] = v * LANES + lane;
                    }
        }
    return count;
}
