#include "base/ctx.h"
#include "base/memory.h"
#include "base/threads.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sl_ctx *sl_ctx_new(int threads) {
  const struct sl_kernels *k = sl_kernels_choose();
  sl_ctx *c = k ? calloc(1, sizeof *c) : NULL;
  if (!c) return NULL;
  c->k = k;
  c->recording = true;
  c->mem = sl_memory_new();
  c->threads = sl_threads_new(threads);
  if (c->mem && c->threads) return c;
  sl_ctx_free(c);
  return NULL;
}

void sl_ctx_free(sl_ctx *c) {
  if (!c) return;
  sl_pool_close(c, 0); /* a host may leave from within a call */
  sl_threads_free(c->threads);
  free(c->temps);
  sl_memory_free(c->mem);
  free(c);
}

/* ---- errors ------------------------------------------------------------------ */

void *sl_fail(sl_ctx *c, sl_code code, const char *format, ...) {
  if (c->error.code != SL_OK) return NULL;
  va_list args;
  va_start(args, format);
  c->error.code = code;
  vsnprintf(c->error.message, sizeof c->error.message, format, args);
  va_end(args);
  return NULL;
}

bool sl_failed(const sl_ctx *c) { return c->error.code != SL_OK; }

bool sl_error_take(sl_ctx *c, sl_error *out) {
  if (c->error.code == SL_OK) return false;
  *out = c->error;
  c->error.code = SL_OK;
  return true;
}

void sl_frame_open(sl_ctx *c, sl_frame *f) {
  f->saved = c->error;
  c->error.code = SL_OK;
  f->pool = sl_pool_open(c);
}

void sl_frame_close(sl_ctx *c, sl_frame *f) {
  sl_pool_close(c, f->pool);
  c->error = f->saved;
}

/* ---- temporaries --------------------------------------------------------------- */

size_t sl_pool_open(sl_ctx *c) { return c->n_temps; }

void sl_pool_close(sl_ctx *c, size_t mark) {
  while (c->n_temps > mark) sl_release(c->temps[--c->n_temps]);
}

sl_tensor *sl_pool_return(sl_ctx *c, size_t mark, sl_tensor *t) {
  sl_retain(t);
  sl_pool_close(c, mark);
  return t ? sl_temp(c, t) : NULL;
}

static bool temps_grow(sl_ctx *c) {
  size_t cap = c->cap_temps ? 2 * c->cap_temps : 256;
  sl_tensor **p = realloc(c->temps, cap * sizeof *p);
  if (!p) return false;
  c->temps = p;
  c->cap_temps = cap;
  return true;
}

sl_tensor *sl_temp(sl_ctx *c, sl_tensor *t) {
  if (c->n_temps == c->cap_temps && !temps_grow(c)) {
    sl_release(t);
    return sl_fail(c, SL_EMEMORY, "out of memory for the list of temporaries");
  }
  return c->temps[c->n_temps++] = t;
}

/* ---- interrupts ------------------------------------------------------------------ */

void sl_poll_set(sl_ctx *c, sl_poll_fn *poll, void *ud) {
  c->poll = poll;
  c->poll_ud = ud;
}

bool sl_poll(sl_ctx *c) {
  if (!c->poll || c->poll(c, c->poll_ud)) return true;
  sl_fail(c, SL_EINTERRUPT, "interrupted");
  return false;
}
