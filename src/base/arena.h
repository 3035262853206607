/* Large blocks, cut from regions that are asked of the system whole. */
#ifndef SL_BASE_ARENA_H
#define SL_BASE_ARENA_H

#include <stddef.h>

/* Under AddressSanitizer memory that is not handed out is out of bounds, as it
   would be with plain malloc. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

#define SL_ALIGN 64 /* of every block; also the size of its header */

/* The header. What follows it is the block's memory. */
typedef struct sl_block {
  size_t size;           /* without this header */
  int list;              /* of memory.c's cache; -1: from the arena */
  struct sl_block *next; /* in the cache, or the next free block of the arena */
} sl_block;

_Static_assert(sizeof(sl_block) <= SL_ALIGN, "the header keeps the alignment");

typedef struct sl_region sl_region;
typedef struct sl_arena {
  sl_region *regions; /* the oldest first */
  size_t reserved;    /* bytes of all regions */
} sl_arena;

/* A block of at least that many bytes, or NULL when the system has none. */
sl_block *sl_arena_take(sl_arena *a, size_t bytes);
void sl_arena_give(sl_arena *a, sl_block *b);
/* Regions without a block in use go back to the system. */
void sl_arena_trim(sl_arena *a);

#endif
