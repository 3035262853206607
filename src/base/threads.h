/* The pool of threads behind sl_parallel_for. */
#ifndef SL_BASE_THREADS_H
#define SL_BASE_THREADS_H

typedef struct sl_threads_pool sl_threads_pool;

sl_threads_pool *sl_threads_new(int lanes); /* 0: all processors */
void sl_threads_free(sl_threads_pool *p);

#endif
