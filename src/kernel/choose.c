/* Which build of the kernels this machine runs. */
#include "base/ctx.h"
#include "kernel/kernel.h"

#include <stdlib.h>
#include <string.h>

static const sl_kernels *runnable(const sl_kernels *k, bool can) { return can ? k : NULL; }

/* Best first; NULL where the machine lacks the set. */
static void candidates(const sl_kernels *table[3]) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  table[0] = runnable(&sl_kernels_avx512, avx512);
  table[1] = runnable(&sl_kernels_avx2, avx2);
#else
  table[0] = table[1] = NULL;
#endif
  table[2] = &sl_kernels_baseline;
}

const sl_kernels *sl_kernels_choose(void) {
  const sl_kernels *table[3];
  const char *wanted = getenv("SDELUA_ISA");
  candidates(table);
  for (int i = 0; i < 3; i++)
    if (table[i] && (!wanted || !*wanted || strcmp(table[i]->isa, wanted) == 0)) return table[i];
  return NULL;
}

const char *sl_isa(const sl_ctx *c) { return c->k->isa; }
