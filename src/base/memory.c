/* Blocks come in size classes, four to a power of two, and go back to a list a
   class when freed: a training step asks for the same sizes again and again.
   Blocks handed out but never freed stay with their owner; the cache alone is
   ours to return. */
#include "base/memory.h"
#include "base/ctx.h"

#include <stdlib.h>

/* Under AddressSanitizer the slack of a class and the blocks in the cache are
   out of bounds, as they would be with plain malloc. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

#define ALIGN 64
#define CLASSES 192
#define SLACK ((size_t)64 << 20)

typedef struct block {
  size_t size; /* without this header */
  int class;
  struct block *next; /* in the cache */
} block;

_Static_assert(sizeof(block) <= ALIGN, "the header keeps the alignment");

struct sl_memory {
  size_t live, peak, cached;
  uint64_t fail_in; /* 0: never */
  bool fail_onwards;
  block *list[CLASSES];
};

sl_memory *sl_memory_new(void) { return calloc(1, sizeof(sl_memory)); }

static void trim(sl_memory *m) {
  for (int i = 0; i < CLASSES; i++)
    while (m->list[i]) {
      block *b = m->list[i];
      m->list[i] = b->next;
      UNPOISON((char *)b + ALIGN, b->size);
      free(b);
    }
  m->cached = 0;
}

void sl_memory_free(sl_memory *m) {
  if (m) trim(m);
  free(m);
}

/* The class of a size and the size that its blocks have: ALIGN * {4,5,6,7}/4 * 2^k. */
static int class_of(size_t bytes, size_t *size) {
  size_t units = (bytes + ALIGN - 1) / ALIGN;
  if (units <= 4) {
    *size = (units ? units : 1) * ALIGN;
    return (int)(*size / ALIGN) - 1;
  }
  int top = 63 - __builtin_clzll(units); /* units in [2^top, 2^(top+1)) */
  size_t step = (size_t)1 << (top - 2), n = (units + step - 1) / step; /* 4 .. 8 */
  *size = n * step * ALIGN;
  return 4 * (top - 1) + (int)(n - 4);
}

static bool must_fail(sl_memory *m) {
  if (!m->fail_in || --m->fail_in) return false;
  if (m->fail_onwards) m->fail_in = 1;
  return true;
}

/* The cache may hold what the busiest moment needed, and no more. */
static block *fresh(sl_memory *m, size_t size) {
  if (m->cached && m->live + m->cached + size > m->peak + m->peak / 4 + SLACK) trim(m);
  block *b = aligned_alloc(ALIGN, ALIGN + size);
  if (!b && m->cached) {
    trim(m);
    b = aligned_alloc(ALIGN, ALIGN + size);
  }
  return b;
}

void *sl_alloc(sl_ctx *c, size_t bytes, const char *what) {
  sl_memory *m = c->mem;
  size_t size = 0;
  int class = bytes > SIZE_MAX / 4 ? -1 : class_of(bytes, &size);
  if (class < 0 || must_fail(m)) return sl_fail(c, SL_EMEMORY, "%s: out of memory for %zu bytes", what, bytes);
  block *b = m->list[class];
  if (b) {
    m->list[class] = b->next;
    m->cached -= size;
  } else if (!(b = fresh(m, size))) {
    return sl_fail(c, SL_EMEMORY, "%s: out of memory for %zu bytes", what, bytes);
  }
  b->size = size;
  b->class = class;
  m->live += size;
  if (m->live > m->peak) m->peak = m->live;
  char *p = (char *)b + ALIGN;
  UNPOISON(p, bytes);
  POISON(p + bytes, size - bytes);
  return p;
}

void sl_free(sl_ctx *c, void *p) {
  if (!p) return;
  sl_memory *m = c->mem;
  block *b = (block *)((char *)p - ALIGN);
  m->live -= b->size;
  m->cached += b->size;
  b->next = m->list[b->class];
  m->list[b->class] = b;
  POISON(p, b->size);
}

size_t sl_mem_live(const sl_ctx *c) { return c->mem->live; }
size_t sl_mem_peak(const sl_ctx *c) { return c->mem->peak; }
void sl_mem_trim(sl_ctx *c) { trim(c->mem); }

void sl_mem_fail(sl_ctx *c, uint64_t n, bool onwards) {
  c->mem->fail_in = n;
  c->mem->fail_onwards = onwards;
}
