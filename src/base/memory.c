/* Small blocks come in size classes, four to a power of two, and go back to a
   list a class when freed; large ones are cut from an arena (arena.c). Blocks
   handed out but never freed stay with their owner; the rest alone is ours to
   return. */
#include "base/memory.h"
#include "base/arena.h"
#include "base/ctx.h"

#include <stdlib.h>

#define CLASSES 48
#define LARGE ((size_t)32 << 10) /* the largest class */

struct sl_memory {
  size_t live, peak;
  uint64_t fail_in; /* 0: never */
  bool fail_onwards;
  sl_block *list[CLASSES];
  sl_arena arena;
};

sl_memory *sl_memory_new(void) { return calloc(1, sizeof(sl_memory)); }

static void trim(sl_memory *m) {
  for (int i = 0; i < CLASSES; i++)
    while (m->list[i]) {
      sl_block *b = m->list[i];
      m->list[i] = b->next;
      UNPOISON((char *)b + SL_ALIGN, b->size);
      free(b);
    }
  sl_arena_trim(&m->arena);
}

void sl_memory_free(sl_memory *m) {
  if (m) trim(m);
  free(m);
}

/* The class of a size and the size that its blocks have: SL_ALIGN * {4,5,6,7}/4 * 2^k. */
static int class_of(size_t bytes, size_t *size) {
  size_t units = (bytes + SL_ALIGN - 1) / SL_ALIGN;
  if (units <= 4) {
    *size = (units ? units : 1) * SL_ALIGN;
    return (int)(*size / SL_ALIGN) - 1;
  }
  int top = 63 - __builtin_clzll(units); /* units in [2^top, 2^(top+1)) */
  size_t step = (size_t)1 << (top - 2), n = (units + step - 1) / step; /* 4 .. 8 */
  *size = n * step * SL_ALIGN;
  return 4 * (top - 1) + (int)(n - 4);
}

static bool must_fail(sl_memory *m) {
  if (!m->fail_in || --m->fail_in) return false;
  if (m->fail_onwards) m->fail_in = 1;
  return true;
}

static sl_block *take_small(sl_memory *m, size_t bytes) {
  size_t size;
  int list = class_of(bytes, &size);
  sl_block *b = m->list[list];
  if (b) m->list[list] = b->next;
  else if ((b = aligned_alloc(SL_ALIGN, SL_ALIGN + size))) *b = (sl_block){.size = size, .list = list};
  return b;
}

static sl_block *take(sl_memory *m, size_t bytes) {
  return bytes <= LARGE ? take_small(m, bytes) : sl_arena_take(&m->arena, bytes);
}

void *sl_alloc(sl_ctx *c, size_t bytes, const char *what) {
  sl_memory *m = c->mem;
  sl_block *b = bytes > SIZE_MAX / 4 || must_fail(m) ? NULL : take(m, bytes);
  if (!b) return sl_fail(c, SL_EMEMORY, "%s: out of memory for %zu bytes", what, bytes);
  m->live += b->size;
  if (m->live > m->peak) m->peak = m->live;
  char *p = (char *)b + SL_ALIGN;
  UNPOISON(p, bytes);
  POISON(p + bytes, b->size - bytes);
  return p;
}

void sl_free(sl_ctx *c, void *p) {
  if (!p) return;
  sl_memory *m = c->mem;
  sl_block *b = (sl_block *)((char *)p - SL_ALIGN);
  m->live -= b->size;
  if (b->list < 0) {
    sl_arena_give(&m->arena, b);
    return;
  }
  b->next = m->list[b->list];
  m->list[b->list] = b;
  POISON(p, b->size);
}

size_t sl_mem_live(const sl_ctx *c) { return c->mem->live; }
size_t sl_mem_peak(const sl_ctx *c) { return c->mem->peak; }
void sl_mem_trim(sl_ctx *c) { trim(c->mem); }

void sl_mem_fail(sl_ctx *c, uint64_t n, bool onwards) {
  c->mem->fail_in = n;
  c->mem->fail_onwards = onwards;
}
