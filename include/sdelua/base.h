/* sdelua/base.h: the context that every call of the library takes first.

   A context owns errors, memory, temporaries, threads and the state of the
   random numbers. It is used by one thread at a time; two contexts share
   nothing. Composed code reads like mathematics and is checked once:

     size_t mark = sl_pool_open(c);
     sl_tensor *y = sl_add(c, sl_mul(c, a, x), b);     NULL in, NULL out
     if (!y) { sl_error e; sl_error_take(c, &e); fprintf(stderr, "%s\n", e.message); }
     sl_pool_close(c, mark);                           releases the temporaries */
#ifndef SDELUA_BASE_H
#define SDELUA_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SL_API __attribute__((visibility("default")))
#define SL_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define SL_API
#define SL_PRINTF(f, a)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A context, from sl_ctx_new to sl_ctx_free. */
typedef struct sl_ctx sl_ctx;
/* A tensor, as tensor.h has them. It belongs to the pool in which it was made; sl_retain keeps it until sl_release. */
typedef struct sl_tensor sl_tensor;

/* A new context with `threads` worker lanes (0: as many as the machine has
   processors). NULL when memory is out or SDELUA_ISA names an instruction set
   that this machine lacks. */
SL_API sl_ctx *sl_ctx_new(int threads);
/* Frees everything the context still caches. Tensors still alive are a leak of
   the caller's; sl_mem_live tells before. */
SL_API void sl_ctx_free(sl_ctx *c);

/* ---- errors ------------------------------------------------------------- */

typedef enum sl_code {
  SL_OK = 0,
  SL_EARG,       /* an argument of the wrong kind, count or value */
  SL_ESHAPE,     /* shapes that do not fit */
  SL_EDTYPE,     /* element types that do not fit */
  SL_EMEMORY,    /* an allocation failed */
  SL_EIO,        /* a file: missing, cut, malformed, not writable */
  SL_EVALUE,     /* a value: not finite, out of its domain, no convergence */
  SL_ESTATE,     /* a call out of order: a freed graph, a closed handle */
  SL_ECALLBACK,  /* a callback of the host failed; the host holds the details */
  SL_EINTERRUPT  /* the poll callback asked to stop */
} sl_code;

typedef struct sl_error {
  sl_code code;
  char message[512]; /* "conv2d: argument w: expected ..., got ..." */
} sl_error;

/* Records an error, unless one is pending already (the first one sticks), and
   returns NULL so that `return sl_fail(...)` reads well. The message begins
   with the name of the public function, then the argument. */
SL_API void *sl_fail(sl_ctx *c, sl_code code, const char *format, ...) SL_PRINTF(3, 4);
SL_API bool sl_failed(const sl_ctx *c); /* whether an error is pending */
/* Reads and clears the pending error; false when there is none. */
SL_API bool sl_error_take(sl_ctx *c, sl_error *out);

/* A callback of the host runs between sl_frame_open and sl_frame_close: under
   no pending error and a pool of its own. Close releases that pool and
   restores the error that was pending at open. */
typedef struct sl_frame {
  sl_error saved;
  size_t pool;
} sl_frame;
SL_API void sl_frame_open(sl_ctx *c, sl_frame *f);
SL_API void sl_frame_close(sl_ctx *c, sl_frame *f);

/* ---- temporaries -------------------------------------------------------- */

/* Reference counts of tensors. Both accept NULL; sl_retain returns its argument, the last sl_release frees it. */
SL_API sl_tensor *sl_retain(sl_tensor *t);
SL_API void sl_release(sl_tensor *t);

/* Every tensor that an op returns belongs to the innermost open pool. Retain
   it (sl_retain) to keep it past the pool's close. */
SL_API size_t sl_pool_open(sl_ctx *c);
SL_API void sl_pool_close(sl_ctx *c, size_t mark); /* releases what was made since that sl_pool_open */
/* Closes the pool but hands `t` (may be NULL) to the pool outside it. */
SL_API sl_tensor *sl_pool_return(sl_ctx *c, size_t mark, sl_tensor *t);

/* ---- memory ------------------------------------------------------------- */

/* Counted, 64-byte aligned, not cleared. NULL and SL_EMEMORY on failure.
   Freed blocks are kept for reuse. `what` names the caller in the message. */
SL_API void *sl_alloc(sl_ctx *c, size_t bytes, const char *what);
SL_API void sl_free(sl_ctx *c, void *p); /* NULL: nothing */
SL_API size_t sl_mem_live(const sl_ctx *c); /* bytes handed out now */
SL_API size_t sl_mem_peak(const sl_ctx *c); /* and at most so far */
/* Returns what is kept to the system. */
SL_API void sl_mem_trim(sl_ctx *c);
/* For tests: the n-th sl_alloc from now fails (n = 1: the next one); with
   `onwards` every later one too. n = 0 switches it off. */
SL_API void sl_mem_fail(sl_ctx *c, uint64_t n, bool onwards);

/* ---- threads ------------------------------------------------------------ */

/* sl_parallel_for calls fn(arg, begin, end, lane) over [0, n) in pieces of
   `grain` (the last may be shorter), on any lane, in any order, and waits for
   all. The cut depends on n and grain alone. lane < sl_threads(c) tells which
   scratch of the caller's to use. Nested calls run in line. fn must not use
   the context. */
typedef void sl_range_fn(void *arg, int64_t begin, int64_t end, int lane);
SL_API void sl_parallel_for(sl_ctx *c, int64_t n, int64_t grain, sl_range_fn *fn, void *arg);
/* How many lanes there are. */
SL_API int sl_threads(const sl_ctx *c);
/* 1 <= n <= 256, else SL_EARG; 0: all processors. False on error. */
SL_API bool sl_threads_set(sl_ctx *c, int n);
/* "baseline", "avx2" or "avx512": the kernels in use. */
SL_API const char *sl_isa(const sl_ctx *c);

/* ---- interrupts --------------------------------------------------------- */

/* The core calls the function that sl_poll_set gave it (NULL: none) between
   solver steps and graph nodes, never inside a kernel. When it returns false
   the running call fails: with the error that it recorded, else with
   SL_EINTERRUPT. */
typedef bool sl_poll_fn(sl_ctx *c, void *ud);
SL_API void sl_poll_set(sl_ctx *c, sl_poll_fn *poll, void *ud);
SL_API bool sl_poll(sl_ctx *c); /* such a call: false with the error set */

/* ---- random numbers ----------------------------------------------------- */

/* Philox4x32-10 (Salmon et al. 2011). Key: the seed. Counter, low word first:
   element/4, draw, low 32 bits of the sample index, stream in the low 8 bits
   and the index's next 24 bits above. So a sample's numbers depend on seed,
   stream, index and draw, never on its batch. */
typedef enum sl_stream {
  SL_STREAM_INIT, SL_STREAM_DATA, SL_STREAM_TRAIN, SL_STREAM_SAMPLE, SL_STREAM_USER, SL_STREAM_BROWNIAN
} sl_stream;

typedef struct sl_key {
  uint64_t seed;
  uint64_t index; /* of the sample; below 2^56 */
  uint32_t draw;
  sl_stream stream;
} sl_key;

/* Four random words for elements 4*block .. 4*block+3. */
SL_API void sl_philox(const sl_key *key, uint32_t block, uint32_t out[4]);

/* What a checkpoint saves of the generator. */
typedef struct sl_rng {
  uint64_t seed;
  uint64_t seen;      /* samples that training has consumed in the whole run */
  uint32_t init_draw; /* draws made by initialisers */
  uint32_t user_draw; /* draws made by sl.randn and friends */
} sl_rng;
/* Sets the seed and clears all counts. */
SL_API void sl_manual_seed(sl_ctx *c, uint64_t seed);
/* The generator's state; sl_rng_set goes on from one, with the TRAIN draw counter at 0. */
SL_API sl_rng sl_rng_get(const sl_ctx *c);
SL_API void sl_rng_set(sl_ctx *c, sl_rng state);
/* Opens a training batch of n samples: the TRAIN stream's rows 0..n-1 get the
   indices seen..seen+n-1, and its draws count from 0 again. */
SL_API void sl_train_batch(sl_ctx *c, int64_t n);
/* Key of row 0 for the next draw of a stream that counts its own (INIT, TRAIN,
   USER). Row r of a TRAIN draw has index key.index + r; INIT and USER draws
   are one row. */
SL_API sl_key sl_key_next(sl_ctx *c, sl_stream stream);
/* The TRAIN draw counter; sl_train_draw_set restores it for a recomputed block. */
SL_API uint32_t sl_train_draw(const sl_ctx *c);
SL_API void sl_train_draw_set(sl_ctx *c, uint32_t draw);

#ifdef __cplusplus
}
#endif
#endif
