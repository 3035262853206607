/* Counted memory behind sl_alloc. */
#ifndef SL_BASE_MEMORY_H
#define SL_BASE_MEMORY_H

typedef struct sl_memory sl_memory;

sl_memory *sl_memory_new(void);
void sl_memory_free(sl_memory *m); /* and every cached block */

#endif
