/* One job at a time. Its state is one word: the job's number, whether it is
   open, and how many workers are inside. A worker enters an open job that it
   has not seen, takes pieces from a shared counter until none is left, and
   leaves. The caller works too, closes the job when the pieces are gone, and
   waits for those inside: a worker that slept through a short job is never
   waited for. */
#include "base/threads.h"
#include "base/ctx.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_LANES 256
#define OPEN ((uint64_t)1 << 15)
#define JOB_SHIFT 16
#define SPINS 4000 /* a few tens of microseconds */

typedef struct worker {
  sl_threads_pool *pool;
  int lane;
  pthread_t thread;
} worker;

struct sl_threads_pool {
  int lanes, started; /* started: workers alive */
  bool busy;          /* inside a job: nested calls run in line */
  worker *workers;

  sl_range_fn *fn;
  void *arg;
  int64_t n, grain;
  _Atomic int64_t next;
  _Atomic uint64_t state;

  atomic_bool quit;
  atomic_int sleepers;
  pthread_mutex_t lock;
  pthread_cond_t wake;
};

static _Thread_local bool inside_worker;

static inline void pause_cpu(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static void run_pieces(sl_threads_pool *p, int lane) {
  for (;;) {
    int64_t begin = atomic_fetch_add_explicit(&p->next, p->grain, memory_order_relaxed);
    if (begin >= p->n) return;
    int64_t end = begin + p->grain < p->n ? begin + p->grain : p->n;
    p->fn(p->arg, begin, end, lane);
  }
}

static bool ready(sl_threads_pool *p, uint64_t seen) {
  uint64_t s = atomic_load(&p->state);
  return atomic_load(&p->quit) || ((s & OPEN) && s >> JOB_SHIFT != seen);
}

static void wait_for_job(sl_threads_pool *p, uint64_t seen) {
  for (int i = 0; i < SPINS; i++) {
    if (ready(p, seen)) return;
    pause_cpu();
  }
  pthread_mutex_lock(&p->lock);
  atomic_fetch_add(&p->sleepers, 1);
  while (!ready(p, seen)) pthread_cond_wait(&p->wake, &p->lock);
  atomic_fetch_sub(&p->sleepers, 1);
  pthread_mutex_unlock(&p->lock);
}

static void *worker_main(void *arg) {
  worker *w = arg;
  sl_threads_pool *p = w->pool;
  uint64_t seen = 0;
  inside_worker = true;
  for (;;) {
    wait_for_job(p, seen);
    if (atomic_load(&p->quit)) return NULL;
    uint64_t s = atomic_load(&p->state);
    if (!(s & OPEN) || s >> JOB_SHIFT == seen || !atomic_compare_exchange_strong(&p->state, &s, s + 1)) continue;
    seen = s >> JOB_SHIFT;
    run_pieces(p, w->lane);
    atomic_fetch_sub(&p->state, 1);
  }
}

/* Workers never handle the host's signals. Fewer than wanted is no error: the
   results are the same. */
static void start(sl_threads_pool *p) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  while (p->started < p->lanes - 1) {
    worker *w = &p->workers[p->started];
    w->pool = p;
    w->lane = p->started + 1;
    if (pthread_create(&w->thread, NULL, worker_main, w)) break;
    p->started++;
  }
  pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void stop(sl_threads_pool *p) {
  pthread_mutex_lock(&p->lock);
  atomic_store(&p->quit, true);
  pthread_cond_broadcast(&p->wake);
  pthread_mutex_unlock(&p->lock);
  while (p->started > 0) pthread_join(p->workers[--p->started].thread, NULL);
  atomic_store(&p->quit, false);
}

static int lanes_of(int threads) {
  if (threads <= 0) threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
  return threads < 1 ? 1 : threads > MAX_LANES ? MAX_LANES : threads;
}

sl_threads_pool *sl_threads_new(int threads) {
  sl_threads_pool *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  p->workers = calloc(MAX_LANES, sizeof *p->workers);
  if (!p->workers) {
    free(p);
    return NULL;
  }
  p->lanes = lanes_of(threads);
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->wake, NULL);
  return p;
}

void sl_threads_free(sl_threads_pool *p) {
  if (!p) return;
  stop(p);
  pthread_mutex_destroy(&p->lock);
  pthread_cond_destroy(&p->wake);
  free(p->workers);
  free(p);
}

int sl_threads(const sl_ctx *c) { return c->threads->lanes; }

bool sl_threads_set(sl_ctx *c, int n) {
  if (n < 0 || n > MAX_LANES) {
    sl_fail(c, SL_EARG, "set_threads: argument n: expected 0 (all processors) to %d, got %d", MAX_LANES, n);
    return false;
  }
  stop(c->threads);
  c->threads->lanes = lanes_of(n);
  return true;
}

static void in_line(int64_t n, int64_t grain, sl_range_fn *fn, void *arg) {
  for (int64_t i = 0; i < n; i += grain) fn(arg, i, i + grain < n ? i + grain : n, 0);
}

static void open_job(sl_threads_pool *p) {
  uint64_t job = (atomic_load(&p->state) >> JOB_SHIFT) + 1;
  atomic_store(&p->next, 0);
  atomic_store(&p->state, job << JOB_SHIFT | OPEN);
  if (!atomic_load(&p->sleepers)) return;
  pthread_mutex_lock(&p->lock);
  pthread_cond_broadcast(&p->wake);
  pthread_mutex_unlock(&p->lock);
}

static void close_job(sl_threads_pool *p) {
  atomic_fetch_and(&p->state, ~OPEN);
  for (int i = 0; atomic_load(&p->state) & (OPEN - 1); i++) {
    if (i < SPINS) pause_cpu();
    else sched_yield();
  }
}

void sl_parallel_for(sl_ctx *c, int64_t n, int64_t grain, sl_range_fn *fn, void *arg) {
  sl_threads_pool *p = c->threads;
  if (grain < 1) grain = 1;
  if (p->lanes == 1 || n <= grain || inside_worker || p->busy) {
    in_line(n, grain, fn, arg);
    return;
  }
  if (p->started < p->lanes - 1) start(p);
  p->fn = fn, p->arg = arg, p->n = n, p->grain = grain;
  p->busy = true;
  open_job(p);
  run_pieces(p, 0);
  close_job(p);
  p->busy = false;
}
