/* Graph nodes: references, what they hold, and taking them apart. */
#include "op/op.h"

#include <stddef.h>
#include <string.h>

struct sl_node *sl_node_retain(sl_node *n) {
  if (n) n->refs++;
  return n;
}

void sl_node_clear(sl_node *n) {
  for (int i = 0; i < n->call.n_in; i++) {
    sl_release(n->call.in[i]);
    n->call.in[i] = NULL;
  }
  for (int i = 0; i < SL_MAX_EXTRA; i++) {
    sl_release(n->call.extra[i]);
    n->call.extra[i] = NULL;
  }
  sl_function_release(n->call.fn);
  n->call.fn = NULL;
  for (int i = 0; i < SL_MAX_OUT; i++) {
    sl_release(n->meta[i]);
    sl_release(n->dout[i]);
    n->meta[i] = n->dout[i] = NULL;
  }
}

/* Releasing a node releases its inputs and so the nodes before it: a work list
   keeps a long graph from being a deep recursion. */
void sl_node_release(sl_node *n) {
  if (!n || --n->refs) return;
  sl_ctx *c = n->ctx;
  n->next_dying = c->dying;
  c->dying = n;
  if (c->draining) return;
  c->draining = true;
  while ((n = c->dying)) {
    c->dying = n->next_dying;
    sl_node_clear(n);
    sl_free(c, n);
  }
  c->draining = false;
}

sl_tensor *sl_saved_out(sl_ctx *c, const sl_call *k, int i) {
  sl_node *n = (sl_node *)((char *)(uintptr_t)k - offsetof(sl_node, call));
  const sl_tensor *m = n->meta[i];
  sl_tensor *t = sl_view(c, m, m->ndim, m->shape, m->stride, m->offset);
  if (!t) return NULL;
  t->node = sl_node_retain(n);
  t->out_index = (uint8_t)i;
  return t;
}
