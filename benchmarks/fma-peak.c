/* Prints the 10^9 floating-point operations a second that so many threads reach when they only multiply and add in
   registers: fma-peak THREADS. Build: cc -O3 -march=native -ffp-contract=fast -pthread. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined(__AVX512F__)
#define BYTES 64
#define CHAINS 24
#elif defined(__AVX__)
#define BYTES 32
#define CHAINS 12
#else
#define BYTES 16
#define CHAINS 24
#endif

typedef float vector __attribute__((vector_size(BYTES)));

static const long rounds = 4000000;

static void *work(void *result) {
  vector sums[CHAINS], factor, term;
  for (unsigned lane = 0; lane < BYTES / sizeof(float); lane++) {
    factor[lane] = 0.999f + 1e-6f * lane;
    term[lane] = 1e-3f;
    for (int chain = 0; chain < CHAINS; chain++) sums[chain][lane] = chain;
  }
  for (long round = 0; round < rounds; round++) {
#pragma GCC unroll 24
    for (int chain = 0; chain < CHAINS; chain++) sums[chain] = sums[chain] * factor + term;
  }
  float total = 0;
  for (int chain = 0; chain < CHAINS; chain++) total += sums[chain][0];
  *(float *)result = total;
  return 0;
}

int main(int count, char **arguments) {
  int threads = count > 1 ? atoi(arguments[1]) : 1;
  pthread_t *handles = calloc(threads, sizeof *handles);
  float *results = calloc(threads, sizeof *results);
  double best = 0;
  for (int trial = 0; trial < 3; trial++) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < threads; i++) pthread_create(&handles[i], 0, work, &results[i]);
    for (int i = 0; i < threads; i++) pthread_join(handles[i], 0);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = end.tv_sec - start.tv_sec + (end.tv_nsec - start.tv_nsec) / 1e9;
    double operations = 2.0 * rounds * CHAINS * (BYTES / sizeof(float)) * threads;
    if (operations / seconds / 1e9 > best) best = operations / seconds / 1e9;
  }
  fprintf(stderr, "%g\n", results[0]);
  printf("%.1f\n", best);
  return 0;
}
