/* One context a Lua state: its life, its errors, its collections. */
#include "state.h"

#include "base/ctx.h"

#define GROWN ((size_t)64 << 20)

static const char state_key = 0;

state *state_push(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &state_key);
  return lua_touserdata(L, -1);
}

static state *enter(lua_State *L, state *s) {
  if (!s || !s->ctx) raise_text(L, "sdelua: the Lua state is closing");
  s->running = L;
  return s;
}

state *state_get(lua_State *L) {
  state *s = state_push(L);
  lua_pop(L, 1);
  return enter(L, s);
}

state *state_of(lua_State *L, int i) { return enter(L, lua_touserdata(L, lua_upvalueindex(i))); }

sl_ctx *context(lua_State *L) { return state_get(L)->ctx; }
interrupt *state_interrupt(lua_State *L) { return &state_get(L)->sigint; }

/* ---- life --------------------------------------------------------------------- */

/* Runs last: the state was the first of ours to get a finalizer. Handles made by
   finalizers while Lua closes have none of their own, hence the list. */
static int state_gc(lua_State *L) {
  state *s = lua_touserdata(L, 1);
  for (link *at = s->handles.older, *older; at != &s->handles; at = older) {
    older = at->older;
    if (at->scope) link_out(at);
    else handle_drop((tensor_handle *)((char *)at - offsetof(tensor_handle, at)));
  }
  sl_ctx_free(s->ctx);
  s->ctx = NULL;
  return 0;
}

void state_open(lua_State *L) {
  state *s = state_push(L);
  lua_pop(L, 1);
  if (s) return;
  s = lua_newuserdatauv(L, sizeof *s, 2);
  *s = (state){.running = L};
  s->handles.newer = s->handles.older = &s->handles;
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, state_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &state_key);
  if (!(s->ctx = sl_ctx_new(0)))
    raise_text(L, "the core can't start: memory is out, or SDELUA_ISA names no instruction set of this machine");
  sl_poll_set(s->ctx, poll_host, s);
}

/* ---- the list of handles --------------------------------------------------------- */

void link_in(state *s, link *at) {
  at->serial = ++s->serial;
  at->newer = &s->handles;
  at->older = s->handles.older;
  at->older->newer = s->handles.older = at;
}

void link_out(link *at) {
  at->newer->older = at->older;
  at->older->newer = at->newer;
  at->newer = at->older = at;
}

void handle_drop(tensor_handle *h) {
  link_out(&h->at);
  sl_release(h->t);
  h->t = NULL;
}

/* ---- collections ------------------------------------------------------------------ */

/* Lua refuses everything about its collector while that runs a finalizer. */
bool finalizing(lua_State *L) { return lua_gc(L, LUA_GCCOUNT) < 0; }

static void collect(lua_State *L, state *s) {
  if (lua_gc(L, LUA_GCCOLLECT) < 0) return;
  s->settled = sl_mem_live(s->ctx);
  s->running = L;
}

void collect_if_grown(lua_State *L, state *s) {
  if (sl_mem_live(s->ctx) > 2 * s->settled + GROWN) collect(L, s);
}

/* ---- calls ------------------------------------------------------------------------- */

sl_tensor *hold_tensor(sl_ctx *c, sl_tensor *t) { return t ? sl_temp(c, sl_retain(t)) : NULL; }

int raise_error(lua_State *L) {
  state *s = state_get(L);
  sl_error e;
  if (!sl_error_take(s->ctx, &e)) return raise_text(L, "sdelua: a call failed without saying why");
  if (e.code != SL_ECALLBACK || !s->error_at) return raise_text(L, "%s", e.message);
  lua_pushvalue(L, s->error_at);
  s->error_at = 0;
  return lua_error(L);
}

static bool run_in_pool(state *s, core_fn *fn, void *args) {
  size_t mark = sl_pool_open(s->ctx);
  bool ok = fn(s->ctx, args) && !sl_failed(s->ctx);
  sl_pool_close(s->ctx, mark);
  return ok;
}

void call_once(lua_State *L, core_fn *fn, void *args) {
  state *s = state_get(L);
  collect_if_grown(L, s);
  if (!run_in_pool(s, fn, args)) raise_error(L);
}

static void call_with(lua_State *L, state *s, core_fn *fn, void *args) {
  sl_error e;
  if (run_in_pool(s, fn, args)) return;
  if (s->ctx->error.code != SL_EMEMORY) raise_error(L);
  sl_error_take(s->ctx, &e);
  collect(L, s);
  if (!run_in_pool(s, fn, args)) raise_error(L);
}

void call_core(lua_State *L, core_fn *fn, void *args) {
  state *s = state_get(L);
  collect_if_grown(L, s);
  call_with(L, s, fn, args);
}

typedef struct one_result {
  tensor_fn *fn;
  void *args;
  sl_tensor **slot;
} one_result;

static bool one_result_run(sl_ctx *c, void *args) {
  one_result *r = args;
  sl_tensor *t = r->fn(c, r->args);
  if (!t || sl_failed(c)) return false;
  *r->slot = sl_retain(t);
  return true;
}

int return_tensor_in(lua_State *L, state *s, tensor_fn *fn, void *args) {
  one_result r = {fn, args, new_slot(L, s)};
  int top = lua_gettop(L);
  s->running = L; /* a finalizer may have run */
  call_with(L, s, one_result_run, &r);
  lua_settop(L, top);
  return 1;
}

int return_tensor(lua_State *L, tensor_fn *fn, void *args) { return return_tensor_in(L, state_get(L), fn, args); }
