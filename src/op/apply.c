/* Running one op: check, forward, record. */
#include "op/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool wants_grad(const sl_tensor *t) { return t && (t->requires_grad || t->node); }

static bool inputs_present(sl_ctx *c, const sl_call *k) {
  const sl_spec *s = k->op->spec;
  for (int i = 0; i < k->n_in; i++) {
    int j = i < s->n_in ? i : s->n_in - 1;
    if (k->in[i] || s->in[j].optional) continue;
    return sl_fail(c, SL_EARG, "%s: argument %s: expected a tensor, got nothing", k->op->name, s->in[j].name);
  }
  return true;
}

static bool any_input_wants_grad(const sl_call *k) {
  for (int i = 0; i < k->n_in; i++)
    if (wants_grad(k->in[i])) return true;
  return false;
}

static bool inplace_allowed(sl_ctx *c, const sl_call *k) {
  if (!k->into || !c->recording || !(wants_grad(k->into) || any_input_wants_grad(k))) return true;
  return sl_fail(c, SL_ESTATE, "%s_: a change in place is not recorded, and a gradient is wanted here: use %s, or run it "
                 "under no_grad", k->op->name, k->op->name);
}

/* A node owns its inputs, so an output may not be one of them. */
static bool outputs_fresh(sl_ctx *c, sl_call *k) {
  for (int i = 0; i < SL_MAX_OUT && k->out[i]; i++)
    for (int j = 0; j < k->n_in; j++)
      if (k->out[i] == k->in[j]) {
        sl_tensor *x = k->in[j];
        k->out[i] = sl_view(c, x, x->ndim, x->shape, x->stride, x->offset);
        if (!k->out[i]) return false;
      }
  return true;
}

/* ---- recording ------------------------------------------------------------------------ */

/* What the node holds of input t: the tensor itself when its values are kept and
   can't be computed again, or when it is a leaf; else its shape, type and edge. */
static sl_tensor *hold_input(sl_ctx *c, sl_tensor *t, bool keep) {
  if (!t || t->requires_grad || (keep && !sl_recomputable(t))) return sl_retain(t);
  sl_tensor *g = sl_ghost(c, t);
  if (!g) return NULL;
  g->node = sl_node_retain(t->node);
  g->out_index = t->out_index;
  return g;
}

static sl_tensor *hold_output(sl_ctx *c, const sl_tensor *t, bool keep) {
  sl_tensor *g = sl_ghost(c, t);
  if (!g || !keep) return g;
  memcpy(g->stride, t->stride, sizeof g->stride);
  g->offset = t->offset;
  g->storage = t->storage;
  g->storage->refs++;
  return g;
}

static sl_node *new_node(sl_ctx *c, const sl_call *k) {
  size_t n_in = (size_t)k->n_in;
  sl_node *n = sl_alloc(c, sizeof *n + n_in * (sizeof(sl_tensor *) + sizeof(uint32_t)), k->op->name);
  if (!n) return NULL;
  memset(n, 0, sizeof *n);
  n->refs = 1;
  n->seq = c->next_node++;
  n->ctx = c;
  n->call = *k;
  n->call.into = NULL;
  n->call.need = NULL;
  n->call.in = (sl_tensor **)(n + 1);
  n->in_version = (uint32_t *)(n->call.in + n_in);
  memset(n->call.in, 0, n_in * sizeof *n->call.in);
  memset(n->call.out, 0, sizeof n->call.out);
  for (int i = 0; i < SL_MAX_EXTRA; i++) sl_retain(k->extra[i]);
  if (k->fn) k->fn->refs++;
  return n;
}

/* How long a row of cheap nodes would have to run for the result of this one. */
static void note_depth(sl_node *n, const sl_tensor *held) {
  if (!held || held->storage || !held->node || !(held->node->call.op->flags & SL_CHEAP)) return;
  if (held->node->depth >= n->depth && n->depth < UINT8_MAX) n->depth = (uint8_t)(held->node->depth + 1);
}

static bool fill_node(sl_ctx *c, sl_node *n, const sl_call *k) {
  const sl_spec *s = k->op->spec;
  for (int i = 0; i < k->n_in; i++) {
    bool keep = s->in[i < s->n_in ? i : s->n_in - 1].keep;
    if (k->in[i] && !(n->call.in[i] = hold_input(c, k->in[i], keep))) return false;
    n->in_version[i] = k->in[i] && k->in[i]->storage ? k->in[i]->storage->version : 0;
    note_depth(n, n->call.in[i]);
  }
  for (int i = 0; i < SL_MAX_OUT && k->out[i]; i++) {
    if (!(n->meta[i] = hold_output(c, k->out[i], s->keep_out))) return false;
    n->out_version[i] = k->out[i]->storage->version;
    n->n_out++;
  }
  return true;
}

static bool record(sl_ctx *c, sl_call *k) {
  sl_node *n = new_node(c, k);
  if (!n) return false;
  bool ok = fill_node(c, n, k);
  for (int i = 0; ok && i < n->n_out; i++) {
    k->out[i]->node = sl_node_retain(n);
    k->out[i]->out_index = (uint8_t)i;
  }
  sl_node_release(n);
  return ok;
}

/* ---- the call --------------------------------------------------------------------------- */

/* Hands the outputs (and extras, for a caller that looks at them) outwards. */
static sl_tensor *hand_out(sl_ctx *c, sl_call *k, size_t mark, bool ok) {
  for (int i = 0; i < SL_MAX_OUT; i++) ok ? sl_retain(k->out[i]) : NULL;
  sl_pool_close(c, mark);
  for (int i = 0; ok && i < SL_MAX_OUT && k->out[i]; i++)
    if (!sl_temp(c, k->out[i])) {
      while (++i < SL_MAX_OUT && k->out[i]) sl_release(k->out[i]);
      ok = false;
    }
  return ok ? k->out[0] : NULL;
}

sl_tensor *sl_apply(sl_ctx *c, sl_call *k) {
  if (sl_failed(c) || !sl_ops_init(c)) return NULL;
  if (!inputs_present(c, k) || !inplace_allowed(c, k) || (c->watch && !sl_watch_inputs(c, k))) return NULL;
  size_t mark = sl_pool_open(c);
  memset(k->out, 0, sizeof k->out);
  memset(k->extra, 0, sizeof k->extra);
  bool recording = c->recording;
  c->recording = false; /* a forward may be made of ops */
  bool ok = k->op->forward(c, k) && (k->into || outputs_fresh(c, k));
  c->recording = recording;
  if (ok && k->into) k->into->storage->version++;
  else if (ok && c->recording && (k->op->vjp || k->op->again) && any_input_wants_grad(k) &&
           sl_dtype_is_float(k->out[0]->dtype))
    ok = record(c, k);
  return hand_out(c, k, mark, ok);
}

sl_tensor *sl_apply1(sl_ctx *c, const sl_op *op, sl_tensor *x) {
  sl_call k = {.op = op, .n_in = 1, .in = &x};
  return sl_apply(c, &k);
}

sl_tensor *sl_apply2(sl_ctx *c, const sl_op *op, sl_tensor *x, sl_tensor *y) {
  sl_tensor *in[2] = {x, y};
  sl_call k = {.op = op, .n_in = 2, .in = in};
  return sl_apply(c, &k);
}

/* ---- helpers for forwards ------------------------------------------------------------------ */

sl_tensor *sl_packed(sl_ctx *c, sl_tensor *x) {
  if (sl_is_contiguous(x)) return x;
  sl_tensor *y = sl_empty(c, x->dtype, x->ndim, x->shape);
  return y && sl_copy_into(c, y, x) ? y : NULL;
}

sl_tensor *sl_out(sl_ctx *c, sl_call *k, sl_dtype d, int ndim, const int64_t *shape) {
  char got[128], want[128];
  sl_tensor *t = k->into;
  if (!t) return k->out[0] = sl_check_shape(c, k->op->name, ndim, shape) ? sl_empty(c, d, ndim, shape) : NULL;
  if (t->dtype != d)
    return sl_fail(c, SL_EDTYPE, "%s_: the result is %s and can't be written into a %s tensor", k->op->name,
                   sl_dtype_name(d), sl_dtype_name(t->dtype));
  if (t->ndim != ndim || memcmp(t->shape, shape, (size_t)ndim * sizeof *shape)) {
    sl_tensor like = {.ndim = ndim};
    memcpy(like.shape, shape, (size_t)ndim * sizeof *shape);
    return sl_fail(c, SL_ESHAPE, "%s_: the result has shape %s and can't be written into a tensor of shape %s",
                   k->op->name, sl_shape_str(&like, want), sl_shape_str(t, got));
  }
  for (int i = 0; i < ndim && sl_numel(t); i++) /* strides of nothing may be 0 */
    if (t->shape[i] > 1 && t->stride[i] == 0)
      return sl_fail(c, SL_ESHAPE, "%s_: can't write into an expanded tensor (shape %s), whose elements stand for several",
                     k->op->name, sl_shape_str(t, got));
  return k->out[0] = t;
}

bool sl_bad(sl_ctx *c, const sl_call *k, int arg, sl_code code, const char *format, ...) {
  char text[400];
  const sl_spec *s = k->op->spec;
  const char *name = arg < s->n_in ? s->in[arg].name : s->variadic ? s->in[s->n_in - 1].name : s->param[arg - s->n_in].name;
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return sl_fail(c, code, "%s%s: argument %s: %s", k->op->name, k->into ? "_" : "", name, text);
}

bool sl_want(sl_ctx *c, const sl_call *k, int arg, int min_dims, int max_dims, int like) {
  char buf[128];
  const sl_tensor *t = k->in[arg];
  if (!t) return true;
  if (!sl_dtype_is_float(t->dtype))
    return sl_bad(c, k, arg, SL_EDTYPE, "expected a float32 or float64 tensor, got %s", sl_dtype_name(t->dtype));
  if (like >= 0 && k->in[like]->dtype != t->dtype)
    return sl_bad(c, k, arg, SL_EDTYPE, "expected %s as %s is, got %s: use :to", sl_dtype_name(k->in[like]->dtype),
                  k->op->spec->in[like].name, sl_dtype_name(t->dtype));
  if (t->ndim >= min_dims && t->ndim <= max_dims) return true;
  return min_dims == max_dims
           ? sl_bad(c, k, arg, SL_ESHAPE, "expected %d dimensions, got shape %s", min_dims, sl_shape_str(t, buf))
           : sl_bad(c, k, arg, SL_ESHAPE, "expected %d to %d dimensions, got shape %s", min_dims, max_dims,
                    sl_shape_str(t, buf));
}
