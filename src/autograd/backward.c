/* The backward walk. Nodes are visited from the latest to the earliest, so a
   node's output gradients are complete when it is reached; the order is the
   order of recording and nothing else. Gradients reach the leaves only when
   the whole walk has succeeded. A vjp of the caller's own may begin a walk of
   another graph: it has its own nodes, and finds the leaves' notes as they were
   when it is done. */
#include "op/op.h"

#include <stdlib.h>
#include <string.h>

typedef struct target {
  sl_tensor *x, *grad; /* retained */
  int64_t slot;        /* x's note of a walk around this one */
} target;

typedef struct walk {
  sl_ctx *c;
  uint64_t id;
  bool create_graph, keep, given; /* given: the targets are the caller's list */
  sl_node **nodes;                /* retained, in descending order of seq once sorted */
  int64_t n_nodes, cap_nodes;
  target *targets;
  int64_t n_targets, cap_targets;
} walk;

/* ---- growing arrays --------------------------------------------------------------- */

static void *grown(sl_ctx *c, void *old, int64_t n, int64_t *cap, size_t size) {
  if (n < *cap) return old;
  int64_t more = *cap ? 2 * *cap : 64;
  void *p = sl_alloc(c, (size_t)more * size, "backward");
  if (!p) return NULL;
  if (n) memcpy(p, old, (size_t)n * size);
  sl_free(c, old);
  *cap = more;
  return p;
}

static bool add_node(walk *w, sl_node *n) {
  if (n->walk)
    return sl_fail(w->c, SL_ESTATE, "backward: the graph of this %s is being walked already: in a backward function, "
                   "detach what is differentiated again", n->call.op->name);
  sl_node **p = grown(w->c, w->nodes, w->n_nodes, &w->cap_nodes, sizeof *p);
  if (!p) return false;
  w->nodes = p;
  w->nodes[w->n_nodes++] = sl_node_retain(n);
  n->walk = w->id;
  n->wanted = false;
  return true;
}

static bool add_target(walk *w, sl_tensor *x) {
  target *p = grown(w->c, w->targets, w->n_targets, &w->cap_targets, sizeof *p);
  if (!p) return false;
  w->targets = p;
  w->targets[w->n_targets] = (target){.x = sl_retain(x), .slot = x->slot};
  x->slot = w->n_targets++;
  return true;
}

static void walk_free(walk *w) {
  for (int64_t i = 0; i < w->n_nodes; i++) {
    sl_node *n = w->nodes[i];
    for (int j = 0; j < SL_MAX_OUT; j++) {
      sl_release(n->dout[j]);
      n->dout[j] = NULL;
    }
    n->walk = 0;
    sl_node_forget(n);
    sl_node_release(n);
  }
  for (int64_t i = 0; i < w->n_targets; i++) {
    target *t = &w->targets[i];
    t->x->slot = t->slot;
    sl_release(t->grad);
    sl_release(t->x);
  }
  sl_free(w->c, w->nodes);
  sl_free(w->c, w->targets);
}

/* ---- what is to be visited ---------------------------------------------------------- */

/* Adds what y was recorded from. Not recursive: the list itself is the work list. */
static bool collect(walk *w, const sl_tensor *y) {
  int64_t i = w->n_nodes;
  if (y->node && y->node->walk != w->id && !add_node(w, y->node)) return false;
  for (; i < w->n_nodes; i++) {
    sl_node *n = w->nodes[i];
    if (n->freed)
      return sl_fail(w->c, SL_ESTATE, "backward: the graph of this %s was freed by an earlier backward; give that one "
                     "create_graph or retain", n->call.op->name);
    for (int j = 0; j < n->call.n_in; j++) {
      sl_tensor *x = n->call.in[j];
      if (x && x->node && x->node->walk != w->id && !add_node(w, x->node)) return false;
    }
  }
  return true;
}

static int later_first(const void *a, const void *b) {
  uint64_t x = (*(sl_node *const *)a)->seq, y = (*(sl_node *const *)b)->seq;
  return x < y ? 1 : x > y ? -1 : 0;
}

/* The place of x among the targets, or -1. A non-leaf is known by its edge: the
   tensor a node holds may be another handle of the same output. */
static int64_t target_of(const walk *w, const sl_tensor *x) {
  if (!x->node) {
    bool listed = x->slot >= 0 && x->slot < w->n_targets && w->targets[x->slot].x == x;
    return x->requires_grad && listed ? x->slot : -1;
  }
  for (int64_t i = 0; w->given && i < w->n_targets; i++)
    if (w->targets[i].x->node == x->node && w->targets[i].x->out_index == x->out_index) return i;
  return -1;
}

static bool edge_wanted(const walk *w, const sl_tensor *x) {
  if (!x) return false;
  if (!w->given) return x->requires_grad || x->node;
  return target_of(w, x) >= 0 || (x->node && x->node->wanted);
}

/* Puts the nodes in order from number `first` on, and marks them from the earliest
   on, so that each sees its inputs decided. */
static void arrange(walk *w, int64_t first) {
  qsort(w->nodes + first, (size_t)(w->n_nodes - first), sizeof *w->nodes, later_first);
  for (int64_t i = w->n_nodes - 1; i >= first; i--) {
    sl_node *n = w->nodes[i];
    for (int j = 0; j < n->call.n_in && !n->wanted; j++) n->wanted = edge_wanted(w, n->call.in[j]);
  }
}

/* ---- one node ---------------------------------------------------------------------------- */

/* Nobody else sees it, so it may be changed in place. */
static bool is_ours(const sl_tensor *t) { return t->refs == 1 && t->storage->refs == 1 && sl_is_contiguous(t); }

static bool add_into(walk *w, sl_tensor **sum, sl_tensor *g) {
  if (*sum && !w->create_graph && is_ours(*sum)) return sl_add_(w->c, *sum, g) != NULL;
  sl_tensor *t = *sum ? sl_add(w->c, *sum, g) : g;
  if (!t) return false;
  sl_retain(t);
  sl_release(*sum);
  *sum = t;
  return true;
}

static bool deliver(walk *w, const sl_node *n, sl_tensor *x, sl_tensor *g) {
  if (!sl_same_shape(x, g) || x->dtype != g->dtype)
    return sl_fail(w->c, SL_ESTATE, "backward: the gradient of %s has the wrong shape or type", n->call.op->name);
  if (x->node) return add_into(w, &x->node->dout[x->out_index], g);
  bool listed = x->slot >= 0 && x->slot < w->n_targets && w->targets[x->slot].x == x;
  if (!w->given && !listed && !add_target(w, x)) return false;
  int64_t i = target_of(w, x);
  return i < 0 || add_into(w, &w->targets[i].grad, g);
}

static bool run_vjp(walk *w, sl_node *n) {
  sl_tensor *small_din[SL_MAX_IN] = {0}, **din = small_din;
  bool small_need[SL_MAX_IN], *need = small_need;
  size_t count = (size_t)n->call.n_in;
  char *big = NULL;
  if (count > SL_MAX_IN) {
    if (!(big = sl_alloc(w->c, count * (sizeof *din + 1), "backward"))) return false;
    memset(big, 0, count * sizeof *din);
    din = (sl_tensor **)big;
    need = (bool *)(din + count);
  }
  for (size_t i = 0; i < count; i++) need[i] = edge_wanted(w, n->call.in[i]);
  n->call.need = need;
  const sl_op *op = n->call.op;
  bool ok = (w->create_graph || !op->fused ? op->vjp : op->fused)(w->c, &n->call, n->dout, din);
  for (size_t i = 0; ok && i < count; i++)
    if (need[i] && din[i]) ok = deliver(w, n, n->call.in[i], din[i]);
  n->call.need = NULL;
  sl_free(w->c, big);
  return ok;
}

/* Nodes that y, just recorded, leads to must be ones the walk has yet to visit. */
static bool yet_to_visit(walk *w, const sl_node *n, uint64_t recorded, const sl_tensor *x) {
  if (!x || !x->node || x->node->seq < n->seq || x->node->seq >= recorded) return true;
  return sl_fail(w->c, SL_ESTATE, "backward: %s ran again and used the result of a %s that came after it",
                 n->call.op->name, x->node->call.op->name);
}

/* out[0] of node n, computed once more and recorded. */
static sl_tensor *record_again(sl_ctx *c, const sl_node *n) {
  char a[128], b[128];
  const sl_tensor *first = n->meta[0];
  bool was = sl_recording_set(c, true);
  sl_tensor *y = n->call.op->again(c, &n->call);
  sl_recording_set(c, was);
  if (!y || (sl_same_shape(y, first) && y->dtype == first->dtype)) return y;
  return sl_fail(c, SL_ESTATE, "backward: %s ran again and gave %s of shape %s, before that %s of shape %s",
                 n->call.op->name, sl_dtype_name(y->dtype), sl_shape_str(y, a), sl_dtype_name(first->dtype),
                 sl_shape_str(first, b));
}

/* The nodes of that take the place of node i in the walk and in the order of visits,
   as if they had been recorded from the start. */
static bool unfold(walk *w, int64_t i) {
  sl_node *n = w->nodes[i];
  int64_t known = w->n_nodes;
  uint64_t recorded = w->c->next_node;
  sl_tensor *y = record_again(w->c, n);
  if (!y || !sl_requires_grad(y)) return y != NULL;
  if (!yet_to_visit(w, n, recorded, y) || !collect(w, y)) return false;
  for (int64_t j = known; j < w->n_nodes; j++)
    for (int k = 0; k < w->nodes[j]->call.n_in; k++)
      if (!yet_to_visit(w, n, recorded, w->nodes[j]->call.in[k])) return false;
  arrange(w, i + 1);
  return deliver(w, n, y, n->dout[0]);
}

/* Targets that are outputs of this node: their gradient is complete now. */
static bool take_outputs(walk *w, sl_node *n) {
  for (int64_t i = 0; w->given && i < w->n_targets; i++) {
    sl_tensor *x = w->targets[i].x;
    if (x->node == n && n->dout[x->out_index] && !add_into(w, &w->targets[i].grad, n->dout[x->out_index])) return false;
  }
  return true;
}

static bool run_node(walk *w, int64_t i) {
  sl_node *n = w->nodes[i];
  if (!n->wanted) return true;
  if (!sl_node_restore(w->c, n) || !sl_node_unchanged(w->c, n)) return false;
  return n->call.op->again ? unfold(w, i) : run_vjp(w, n);
}

static bool visit(walk *w, int64_t i) {
  sl_node *n = w->nodes[i];
  bool any = false;
  for (int j = 0; j < n->n_out; j++) any |= n->dout[j] != NULL;
  size_t mark = sl_pool_open(w->c);
  bool ok = !any || (take_outputs(w, n) && run_node(w, i));
  sl_pool_close(w->c, mark);
  sl_node_forget(n);
  for (int j = 0; j < SL_MAX_OUT; j++) {
    sl_release(n->dout[j]);
    n->dout[j] = NULL;
  }
  if (ok && !w->keep) {
    n->freed = true;
    sl_node_clear(n);
  }
  return ok && sl_poll(w->c);
}

static bool run(walk *w, sl_tensor *y, sl_tensor *dy) {
  if (!collect(w, y)) return false;
  arrange(w, 0);
  if (y->node ? !add_into(w, &y->node->dout[y->out_index], dy) : false) return false;
  if (!y->node) { /* a leaf: d(y)/d(y) */
    if (!w->given && !add_target(w, y)) return false;
    int64_t i = target_of(w, y);
    if (i >= 0 && !add_into(w, &w->targets[i].grad, dy)) return false;
  }
  for (int64_t i = 0; i < w->n_nodes; i++)
    if (!visit(w, i)) return false;
  return true;
}

/* ---- entry points --------------------------------------------------------------------------- */

static sl_tensor *seed_gradient(sl_ctx *c, const char *who, sl_tensor *y, sl_tensor *dy) {
  char a[128], b[128];
  if (sl_failed(c)) return NULL;
  if (!y) return sl_fail(c, SL_EARG, "%s: argument y: expected a tensor, got nothing", who);
  if (!sl_requires_grad(y))
    return sl_fail(c, SL_ESTATE,
                   "%s: y was not recorded from anything that requires a gradient: x:requires_grad_() asks for that of "
                   "x, before y is computed",
                   who);
  if (!dy && sl_numel(y) != 1)
    return sl_fail(c, SL_ESHAPE, "%s: y of shape %s is not one element: give dy of the same shape, or reduce it", who,
                   sl_shape_str(y, a));
  if (!dy) return sl_full(c, y->dtype, y->ndim, y->shape, 1);
  if (!sl_same_shape(y, dy) || y->dtype != dy->dtype)
    return sl_fail(c, SL_ESHAPE, "%s: argument dy: expected %s of shape %s as y, got %s of shape %s", who,
                   sl_dtype_name(y->dtype), sl_shape_str(y, a), sl_dtype_name(dy->dtype), sl_shape_str(dy, b));
  return dy;
}

/* A leaf's gradient is its own: nothing else may see a change made in place. */
static sl_tensor *own_gradient(walk *w, int64_t i) {
  sl_tensor *x = w->targets[i].x, *g = w->targets[i].grad;
  if (x->grad) return sl_add(w->c, x->grad, g);
  if (w->create_graph) return g;
  if (is_ours(g)) return g;
  sl_tensor *copy = sl_empty(w->c, g->dtype, g->ndim, g->shape);
  return copy && sl_copy_into(w->c, copy, g) ? copy : NULL;
}

/* First all sums, then all assignments: a failure leaves every leaf as it was. */
static bool commit(walk *w) {
  for (int64_t i = 0; i < w->n_targets; i++) {
    if (!w->targets[i].grad) continue;
    sl_tensor *g = own_gradient(w, i);
    if (!g) return false;
    sl_retain(g);
    sl_release(w->targets[i].grad);
    w->targets[i].grad = g;
  }
  for (int64_t i = 0; i < w->n_targets; i++) {
    target *t = &w->targets[i];
    if (!t->grad) continue;
    sl_release(t->x->grad);
    t->x->grad = t->grad;
    t->grad = NULL;
  }
  return true;
}

bool sl_backward(sl_ctx *c, sl_tensor *y, sl_tensor *dy, bool create_graph) {
  size_t mark = sl_pool_open(c);
  bool was = c->recording;
  dy = seed_gradient(c, "backward", y, dy);
  walk w = {.c = c, .id = ++c->walks, .create_graph = create_graph, .keep = create_graph};
  c->recording = create_graph;
  bool ok = dy && run(&w, y, dy) && commit(&w);
  walk_free(&w);
  c->recording = was;
  sl_pool_close(c, mark);
  return ok;
}

static bool list_targets(walk *w, int n, sl_tensor *const *x) {
  for (int i = 0; i < n; i++) {
    if (!x[i]) return sl_fail(w->c, SL_EARG, "grad: argument x: expected tensors, got nothing at %d", i + 1);
    if (!sl_requires_grad(x[i])) return sl_fail(w->c, SL_ESTATE, "grad: argument x: tensor %d does not require a gradient", i + 1);
    if (target_of(w, x[i]) >= 0) return sl_fail(w->c, SL_EARG, "grad: argument x: tensor %d is given twice", i + 1);
    if (!add_target(w, x[i])) return false;
  }
  return true;
}

bool sl_grad(sl_ctx *c, sl_tensor *y, sl_tensor *dy, int n, sl_tensor *const *x, sl_tensor **dx, bool create_graph,
             bool retain) {
  bool was = c->recording;
  dy = seed_gradient(c, "grad", y, dy);
  walk w = {.c = c, .id = ++c->walks, .create_graph = create_graph, .keep = create_graph || retain, .given = true};
  c->recording = create_graph;
  bool ok = dy && list_targets(&w, n, x) && run(&w, y, dy);
  for (int i = 0; ok && i < n; i++) {
    sl_tensor *t = w.targets[i].x, *g = w.targets[i].grad;
    w.targets[i].grad = NULL;
    dx[i] = g ? sl_temp(c, g) : sl_full(c, t->dtype, t->ndim, t->shape, 0);
    ok = dx[i] != NULL;
  }
  walk_free(&w);
  c->recording = was;
  return ok;
}
