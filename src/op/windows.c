#include "op/windows.h"

/* ---- spans ----------------------------------------------------------------------- */

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

int64_t sl_fir_size(const sl_fir_axis *a) {
  return floor_div(a->size * a->up + a->before + a->after - a->taps, a->down) + 1;
}

sl_fir_axis sl_fir_transpose(const sl_fir_axis *a) {
  int64_t out = sl_fir_size(a), before = a->taps - 1 - a->before;
  return (sl_fir_axis){.size = out, .taps = a->taps, .up = a->down, .down = a->up, .before = before,
                       .after = (a->size - 1) * a->up + a->taps - out * a->down - before};
}

/* Output o meets places [start, start + taps) of the spaced-out input, of which multiples of up hold pixels. */
void sl_fir_spans(const sl_fir_axis *a, int64_t stride, sl_span *spans) {
  for (int64_t o = 0, n = sl_fir_size(a); o < n; o++) {
    int64_t start = o * a->down - a->before;
    int64_t first = start > 0 ? floor_div(start + a->up - 1, a->up) : 0;
    int64_t end = floor_div(start + a->taps + a->up - 1, a->up);
    if (end > a->size) end = a->size;
    if (end <= first) spans[o] = (sl_span){0, 0, 0};
    else spans[o] = (sl_span){first, end - first, (a->taps - 1 - (first * a->up - start)) * stride};
  }
}

sl_span *sl_spans_new(sl_ctx *c, const sl_call *k, int64_t oh, int64_t ow) {
  return sl_alloc(c, (size_t)(oh + ow) * sizeof(sl_span), k->op->name);
}

/* ---- running ---------------------------------------------------------------------- */

typedef struct windows_job {
  const sl_windows *s;
  sl_windows_fn *kernel;
  const void *x;
  void *y;
} windows_job;

static void windows_rows(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const windows_job *j = arg;
  j->kernel(j->s, begin, end, j->x, j->y);
}

void sl_windows_run(sl_ctx *c, sl_windows *s, sl_windows_fn *kernel, const sl_tensor *x, sl_tensor *y) {
  s->h = x->shape[1], s->w = x->shape[2], s->ch = x->shape[3], s->oh = y->shape[1], s->ow = y->shape[2];
  if (!sl_numel(y)) return;
  windows_job j = {.s = s, .kernel = kernel, .x = sl_data(x), .y = sl_data(y)};
  sl_parallel_for(c, y->shape[0] * s->oh, sl_grain(s->ow * s->ch, 1 << 13), windows_rows, &j);
}
