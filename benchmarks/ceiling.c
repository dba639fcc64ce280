/* What one core does at best of the operations that the engine is made of: nanoseconds each, the
   quickest of several runs, data in the first-level cache. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef float pair __attribute__((vector_size(16), aligned(4), may_alias));
typedef float wide __attribute__((vector_size(64), aligned(4), may_alias));

enum { ROWS = 4, LENGTH = 1072, SPIKES = 12, UNITS = 64, RUNS = 25 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

#define BEST(count, ...)                                                        \
  double best = 1e30;                                                            \
  for (int run = 0; run < RUNS; run++) {                                         \
    const double start = now();                                                  \
    for (int again = 0; again < 20; again++) { __VA_ARGS__ }                           \
    const double spent = (now() - start) / (20.0 * (count));                     \
    if (spent < best) best = spent;                                              \
  }                                                                              \
  return best

static void spikes_of(int32_t *time) {
  for (int i = 0; i < UNITS * SPIKES; i++) time[i] = (int32_t)((i * 7919u) % 1000);
}

/* A weight added where a spike arrives, four neurons side by side. */
double add(void) {
  static float rows[ROWS * LENGTH];
  static int32_t time[UNITS * SPIKES];
  spikes_of(time);
  BEST(ROWS * UNITS * SPIKES,
    for (int i = 0; i < UNITS; i++) {
      float *a = rows + i % 63, *b = a + LENGTH, *c = b + LENGTH, *d = c + LENGTH;
      for (int k = 0; k < SPIKES; k++) {
        const int64_t t = time[i * SPIKES + k];
        a[t] += 1.0f; b[t] += 2.0f; c[t] += 3.0f; d[t] += 4.0f;
      }
    });
}

/* A pair of adjoints gathered where a spike arrived, four neurons side by side. */
double gather(void) {
  static float rows[2 * ROWS * LENGTH + 4];
  static int32_t time[UNITS * SPIKES];
  static pair sum[UNITS * ROWS];
  spikes_of(time);
  BEST(ROWS * UNITS * SPIKES,
    for (int i = 0; i < UNITS; i++) {
      const float *a = rows + 2 * (i % 63), *b = a + 2 * LENGTH, *c = b + 2 * LENGTH, *d = c + 2 * LENGTH;
      pair w = {0}, x = {0}, y = {0}, z = {0};
      for (int k = 0; k < SPIKES; k++) {
        const int64_t t = 2 * time[i * SPIKES + k];
        w += *(const pair *)(a + t); x += *(const pair *)(b + t);
        y += *(const pair *)(c + t); z += *(const pair *)(d + t);
      }
      sum[4 * i] += w; sum[4 * i + 1] += x; sum[4 * i + 2] += y; sum[4 * i + 3] += z;
    });
}

/* 16 multiply-adds of values that lie anywhere, as rows of inputs are summed. */
double multiply_add(void) {
  static float rows[UNITS * 192];
  static wide sum[8];
  BEST(8 * UNITS,
    wide s[8]; memcpy(s, sum, sizeof s);
    for (int i = 0; i < UNITS; i++) {
      const float *from = rows + i * 192 + i % 25;
      for (int k = 0; k < 8; k++) s[k] += 1.5f * *(const wide *)(from + 16 * k);
    }
    memcpy(sum, s, sizeof s););
}

/* A byte read from memory: 256 MiB, which no cache holds. */
double stream(void) {
  enum { BYTES = 1 << 28 };
  wide *all = aligned_alloc(64, BYTES);
  memset(all, 1, BYTES);
  double best = 1e30;
  wide sum[4] = {{0}};
  for (int run = 0; run < 5; run++) {
    const double start = now();
    for (int64_t k = 0; k < BYTES / 64; k += 4)
      for (int j = 0; j < 4; j++) sum[j] += all[k + j];
    const double spent = (now() - start) / BYTES;
    if (spent < best) best = spent;
  }
  const volatile float used = sum[0][0] + sum[1][0] + sum[2][0] + sum[3][0];
  (void)used;
  free(all);
  return best;
}
