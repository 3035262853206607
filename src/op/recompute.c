/* Results that backward computes again instead of keeping: those of cheap ops
   (normalisation, joining, padding, views ...) whose own inputs are at hand. A
   node that needs such a result holds a ghost of it; restoring the ghost runs the
   cheap node's forward once more, on the same values and so with the same bits,
   and leaves the result with that node until the walk has passed it. */
#include "op/op.h"

#include <string.h>

enum { MAX_DEPTH = 8 }; /* cheap nodes in a row, a recursion */

/* ---- what can be computed again ------------------------------------------------- */

static bool at_hand(const sl_node *n) {
  if (n->freed || !(n->call.op->flags & SL_CHEAP) || n->depth >= MAX_DEPTH) return false;
  for (int i = 0; i < n->call.n_in; i++) {
    const sl_tensor *x = n->call.in[i];
    if (!x || x->storage) continue;
    if (!x->node || x->node->out_version[x->out_index] != n->in_version[i] || !at_hand(x->node)) return false;
  }
  return true;
}

bool sl_recomputable(const sl_tensor *t) {
  return t->node && t->storage && t->storage->version == t->node->out_version[t->out_index] && at_hand(t->node);
}

static bool refuse(sl_ctx *c, const sl_node *n, const char *of, const char *what) {
  return sl_fail(c, SL_ESTATE, "backward: %s needs its %s%s, which was changed in place since", n->call.op->name, of,
                 what);
}

static bool inputs_unchanged(sl_ctx *c, const sl_node *n, bool all) {
  const sl_spec *s = n->call.op->spec;
  for (int i = 0; i < n->call.n_in; i++) {
    int j = i < s->n_in ? i : s->n_in - 1;
    const sl_tensor *x = n->call.in[i];
    if ((all || s->in[j].keep) && x && x->storage && x->storage->version != n->in_version[i])
      return refuse(c, n, "argument ", s->in[j].name);
  }
  return true;
}

bool sl_node_unchanged(sl_ctx *c, const sl_node *n) {
  for (int i = 0; i < n->n_out; i++)
    if (n->meta[i]->storage && n->meta[i]->storage->version != n->out_version[i]) return refuse(c, n, "result", "");
  return inputs_unchanged(c, n, false);
}

/* ---- computing again ---------------------------------------------------------------- */

static bool restore_input(sl_ctx *c, sl_node *n, int i);

static bool run_again(sl_ctx *c, sl_node *n) {
  if (n->meta[0]->storage) return true;
  for (int i = 0; i < n->call.n_in; i++)
    if (!restore_input(c, n, i)) return false;
  if (!inputs_unchanged(c, n, true)) return false;
  sl_call k = n->call;
  bool recording = sl_recording_set(c, false);
  size_t mark = sl_pool_open(c);
  bool ok = k.op->forward(c, &k);
  for (int i = 0; ok && i < n->n_out; i++) {
    sl_tensor *m = n->meta[i];
    memcpy(m->stride, k.out[i]->stride, sizeof m->stride);
    m->offset = k.out[i]->offset;
    m->storage = k.out[i]->storage;
    m->storage->refs++;
    m->storage->version = n->out_version[i];
  }
  sl_pool_close(c, mark);
  sl_recording_set(c, recording);
  return ok;
}

/* The whole tensor takes the ghost's place in the node: a graph that is kept for
   another walk does not compute it a second time. */
static bool restore_input(sl_ctx *c, sl_node *n, int i) {
  sl_tensor *ghost = n->call.in[i];
  if (!ghost || ghost->storage) return true;
  if (!run_again(c, ghost->node)) return false;
  const sl_tensor *m = ghost->node->meta[ghost->out_index];
  sl_tensor *whole = sl_view(c, m, m->ndim, m->shape, m->stride, m->offset);
  if (!whole) return false;
  whole->node = sl_node_retain(ghost->node);
  whole->out_index = ghost->out_index;
  n->call.in[i] = sl_retain(whole);
  sl_release(ghost);
  return true;
}

bool sl_node_restore(sl_ctx *c, sl_node *n) {
  const sl_spec *s = n->call.op->spec;
  for (int i = 0; i < n->call.n_in; i++)
    if (s->in[i < s->n_in ? i : s->n_in - 1].keep && !restore_input(c, n, i)) return false;
  return true;
}

void sl_node_forget(sl_node *n) {
  if (!(n->call.op->flags & SL_CHEAP)) return;
  for (int i = 0; i < n->n_out && n->meta[i]; i++) {
    sl_storage *s = n->meta[i]->storage;
    n->meta[i]->storage = NULL;
    sl_storage_release(s);
  }
}
