/* Statistics of the synapses of one unit on the plane of channel and delay, as they are and with
   their weights, or their delays, in other orders: LANES orders side by side.
   What is computed is said in grouping.py; it asks for nothing but the arrays it is given. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#define LANES 8
#define COLUMNS 9 /* of the results: five with other weights, four with other delays */

typedef double reals __attribute__((vector_size(8 * LANES), aligned(8)));
typedef int64_t wholes __attribute__((vector_size(8 * LANES), aligned(8)));

typedef struct {
    int64_t synapses, groups; /* of equal delays */
    const double *x, *y;      /* places in widths of a neighbourhood; x ascends */
    const double *z, *s;      /* weights and signs about their means, of unit norm */
    const int32_t *group;     /* of the delay of each synapse, from 0 in ascending order */
    const int32_t *first;     /* place of the first of each group in the order of delays */
    const int32_t *by_delay;  /* synapses in that order */
    uint64_t seed;
    double reach;   /* across, in which the nearest synapses are mostly found; at most 1 */
    int64_t delays; /* whether other delays are asked for */
} Unit;

typedef struct {
    reals *y, *z, *s, *same, *other;
    int32_t *order, *cursor; /* LANES * synapses, groups */
    double *signs;           /* synapses */
} Scratch;

static inline reals spread(double x) { return x - (reals){0}; }

static inline reals chosen(wholes mask, reals yes, reals no) {
    return (reals)((mask & (wholes)yes) | (~mask & (wholes)no));
}

static inline reals smaller(reals a, reals b) { return chosen(a < b, a, b); }

static inline reals size_of(reals x) { return (reals)((wholes)x & INT64_MAX); }

/* Splitmix64. */
static uint64_t mixed(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Order number `number` of n things, by Fisher and Yates; number 0 is the one they are in. */
static void shuffle(uint64_t seed, uint64_t number, int64_t n, int32_t *order) {
    uint64_t state = seed + number * UINT64_C(0xd1342543de82ef95);
    state = mixed(&state);
    for (int64_t i = 0; i < n; i++) order[i] = (int32_t)i;
    if (!number) return;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)(((mixed(&state) >> 32) * (uint64_t)(i + 1)) >> 32);
        int32_t kept = order[i];
        order[i] = order[j], order[j] = kept;
    }
}

/* 1 where the nearest synapse of i has its sign, 0.5 where one of either sign is as near. */
static double nearest(const Unit *u, const Scratch *w, int64_t i, int lane) {
    double same = INFINITY, other = INFINITY;
    for (int way = -1; way <= 1; way += 2)
        for (int64_t j = i + way; j >= 0 && j < u->synapses; j += way) {
            double across = fabs(u->x[j] - u->x[i]);
            if (across > fmin(same, other)) break;
            double d = across + fabs(w->y[j][lane] - w->y[i][lane]);
            if (w->s[i][lane] == w->s[j][lane]) same = fmin(same, d);
            else other = fmin(other, d);
        }
    return same < other ? 1.0 : same == other ? 0.5 : 0.0;
}

/* Sums over the neighbours of one synapse, in all lanes. */
typedef struct {
    reals total, z, s, same, other;
} Sums;

/* Adds the pair of i and j. `near`: it may be the nearest of one of them. */
static inline void pair(const Scratch *w, Sums *sums, double across, int64_t i, int64_t j, int near) {
    reals along = size_of(w->y[j] - w->y[i]);
    reals k = (1.0 - across) * chosen(along < 1.0, 1.0 - along, (reals){0});
    sums->total += k, sums->z += k * w->z[j], sums->s += k * w->s[j];
    if (!near) return;
    reals d = across + along, far = spread(INFINITY);
    wholes equal = w->s[j] == w->s[i];
    reals one = chosen(equal, d, far), two = chosen(equal, far, d);
    sums->same = smaller(one, sums->same), sums->other = smaller(two, sums->other);
    w->same[j] = smaller(one, w->same[j]), w->other[j] = smaller(two, w->other[j]);
}

/* Autocorrelation of weights and of signs, and the share whose nearest has their sign.
   `apart`: delays that are the same in all lanes tell which pairs are no neighbours. */
static inline void plane(const Unit *u, const Scratch *w, int apart, reals *found) {
    int64_t n = u->synapses;
    reals total = {0}, weights = {0}, signs = {0}, alike = {0};
    for (int64_t i = 0; i < n; i++) w->same[i] = w->other[i] = spread(INFINITY);
    for (int64_t i = 0; i < n; i++) {
        Sums sums = {.same = w->same[i], .other = w->other[i]};
        double across;
        int64_t j = i + 1;
        for (; j < n && (across = u->x[j] - u->x[i]) < u->reach; j++)
            if (!apart || fabs(u->y[j] - u->y[i]) < 1.0) pair(w, &sums, across, i, j, 1);
        for (; j < n && (across = u->x[j] - u->x[i]) < 1.0; j++)
            if (!apart || fabs(u->y[j] - u->y[i]) < 1.0) pair(w, &sums, across, i, j, 0);
        total += sums.total, weights += sums.z * w->z[i], signs += sums.s * w->s[i];
        for (int lane = 0; lane < LANES; lane++) {
            double same = sums.same[lane], other = sums.other[lane];
            if (same >= u->reach && other >= u->reach) /* there may be nearer ones further on */
                alike[lane] += nearest(u, w, i, lane);
            else
                alike[lane] += same < other ? 1.0 : same == other ? 0.5 : 0.0;
        }
    }
    found[0] = chosen(total > 0.0, (double)n * weights / total, (reals){0});
    found[1] = chosen(total > 0.0, (double)n * signs / total, (reals){0});
    found[2] = alike / (double)n;
}

/* Share of the steps from one to the next that stay within a sign. */
static double run(const double *sign, int64_t n) {
    int64_t stay = 0;
    for (int64_t i = 1; i < n; i++) stay += sign[i] == sign[i - 1];
    return (double)stay / (double)(n - 1);
}

static void other_weights(const Unit *u, const Scratch *w, int lanes, double *results) {
    int64_t n = u->synapses;
    reals found[3];
    for (int64_t i = 0; i < n; i++)
        for (int lane = 0; lane < LANES; lane++) {
            int32_t from = w->order[lane * n + i];
            w->y[i][lane] = u->y[i], w->z[i][lane] = u->z[from], w->s[i][lane] = u->s[from];
        }
    plane(u, w, 1, found);
    for (int lane = 0; lane < lanes; lane++) {
        double *row = results + lane * COLUMNS;
        for (int k = 0; k < 3; k++) row[k] = found[k][lane];
        for (int64_t i = 0; i < n; i++) w->signs[i] = w->s[i][lane];
        row[3] = run(w->signs, n);
        for (int64_t i = 0; i < n; i++) w->signs[i] = w->s[u->by_delay[i]][lane];
        row[4] = run(w->signs, n);
    }
}

static void other_delays(const Unit *u, const Scratch *w, int lanes, double *results) {
    int64_t n = u->synapses;
    reals found[3];
    for (int64_t i = 0; i < n; i++)
        for (int lane = 0; lane < LANES; lane++) {
            w->y[i][lane] = u->y[w->order[lane * n + i]];
            w->z[i][lane] = u->z[i], w->s[i][lane] = u->s[i];
        }
    plane(u, w, 0, found);
    for (int lane = 0; lane < lanes; lane++) {
        double *row = results + lane * COLUMNS + 5;
        for (int k = 0; k < 3; k++) row[k] = found[k][lane];
        memcpy(w->cursor, u->first, (size_t)u->groups * sizeof *w->cursor);
        for (int64_t i = 0; i < n; i++)
            w->signs[w->cursor[u->group[w->order[lane * n + i]]]++] = u->s[i];
        row[3] = run(w->signs, n);
    }
}

/* Results of orders 0 to `orders` - 1, COLUMNS each. */
void arrange(const Unit *u, const Scratch *w, int64_t orders, double *results) {
    int64_t n = u->synapses;
    for (int64_t begin = 0; begin < orders; begin += LANES) {
        int lanes = orders - begin < LANES ? (int)(orders - begin) : LANES;
        for (int lane = 0; lane < LANES; lane++)
            shuffle(u->seed, (uint64_t)(begin + lane), n, w->order + lane * n);
        other_weights(u, w, lanes, results + begin * COLUMNS);
        if (u->delays) other_delays(u, w, lanes, results + begin * COLUMNS);
    }
}
