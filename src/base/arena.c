/* First fit, in the oldest region and at the lowest address that has room: a
   training step asks for the same sizes in the same order again and again, so
   what is touched stays close to what the busiest moment needs. A region is
   reserved large and costs nothing until touched. */
#include "base/arena.h"

#include <stdbool.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#define PAGE ((size_t)2 << 20)
#define REGION ((size_t)64 << 20)
#define LEAST ((size_t)4 << 10) /* smaller leftovers stay with the block before them */

struct sl_region {
  sl_region *next;
  size_t size;    /* behind this header */
  sl_block *free; /* in ascending order of address; no two touch */
};

_Static_assert(sizeof(sl_region) <= SL_ALIGN, "the header keeps the alignment");

static char *start_of(sl_region *r) { return (char *)r + SL_ALIGN; }
static char *memory_of(sl_block *b) { return (char *)b + SL_ALIGN; }
static char *end_of(sl_block *b) { return memory_of(b) + b->size; }
static bool holds(sl_region *r, const sl_block *b) {
  return (char *)b >= start_of(r) && (char *)b < start_of(r) + r->size;
}

/* ---- giving back ------------------------------------------------------------------ */

static void join(sl_block *b, sl_block *next) {
  b->size += SL_ALIGN + next->size;
  b->next = next->next;
}

static void give(sl_region *r, sl_block *b) {
  sl_block *before = NULL, *after = r->free;
  for (; after && after < b; after = after->next) before = after;
  b->next = after;
  *(before ? &before->next : &r->free) = b;
  if (after && end_of(b) == (char *)after) join(b, after);
  if (before && end_of(before) == (char *)b) join(b = before, before->next);
  POISON(memory_of(b), b->size);
}

void sl_arena_give(sl_arena *a, sl_block *b) {
  sl_region *r = a->regions;
  while (!holds(r, b)) r = r->next;
  give(r, b);
}

/* ---- taking ------------------------------------------------------------------------- */

/* Cuts what b has beyond `bytes` off as a free block of its own. */
static void cut(sl_block *b, size_t bytes) {
  if (b->size < bytes + SL_ALIGN + LEAST) return;
  sl_block *rest = (sl_block *)(memory_of(b) + bytes);
  UNPOISON(rest, SL_ALIGN);
  *rest = (sl_block){.size = b->size - bytes - SL_ALIGN, .list = -1, .next = b->next};
  b->size = bytes;
  b->next = rest;
}

static sl_block *take(sl_region *r, size_t bytes) {
  for (sl_block **at = &r->free; *at; at = &(*at)->next) {
    sl_block *b = *at;
    if (b->size < bytes) continue;
    cut(b, bytes);
    *at = b->next;
    return b;
  }
  return NULL;
}

/* Huge pages, where the system has them to give: a step walks through all of its memory. */
static sl_region *fresh_region(size_t size) {
  sl_region *r = aligned_alloc(PAGE, size);
#if defined(__linux__)
  if (r) madvise(r, size, MADV_HUGEPAGE);
#endif
  return r;
}

/* Regions grow with the need, so that few are ever made. */
static sl_region *reserve(sl_arena *a, size_t bytes) {
  size_t least = bytes + 2 * SL_ALIGN, size = a->reserved / 2 > REGION ? a->reserved / 2 : REGION;
  size = ((size > least ? size : least) + PAGE - 1) / PAGE * PAGE;
  sl_region *r = fresh_region(size), **last = &a->regions;
  if (!r) return NULL;
  *r = (sl_region){.size = size - SL_ALIGN};
  while (*last) last = &(*last)->next;
  *last = r;
  a->reserved += r->size;
  r->free = (sl_block *)start_of(r);
  *r->free = (sl_block){.size = r->size - SL_ALIGN, .list = -1};
  POISON(memory_of(r->free), r->free->size);
  return r;
}

sl_block *sl_arena_take(sl_arena *a, size_t bytes) {
  bytes = (bytes + SL_ALIGN - 1) / SL_ALIGN * SL_ALIGN;
  for (sl_region *r = a->regions; r; r = r->next) {
    sl_block *b = take(r, bytes);
    if (b) return b;
  }
  sl_region *r = reserve(a, bytes);
  return r ? take(r, bytes) : NULL;
}

void sl_arena_trim(sl_arena *a) {
  for (sl_region *r, **at = &a->regions; (r = *at);) {
    if (!r->free || r->free->size + SL_ALIGN != r->size) {
      at = &r->next;
      continue;
    }
    *at = r->next;
    a->reserved -= r->size;
    UNPOISON(start_of(r), r->size);
    free(r);
  }
}
