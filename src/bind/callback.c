/* The core calling back into Lua: protected, under a frame of its own, the error
   object kept as it was. */
#include "state.h"

#include "base/ctx.h"

#include <string.h>

void error_waits(state *s, sl_ctx *c, const char *message) {
  s->error_at = lua_gettop(s->running);
  sl_fail(c, SL_ECALLBACK, "%s", message);
}

static int no_op(lua_State *L) {
  (void)L;
  return 0;
}

/* A coroutine does not see a hook that a signal handler set on the main thread. */
static void borrow_hook(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  lua_State *host = lua_tothread(L, -1);
  lua_pop(L, 1);
  if (L != host && !lua_gethook(L) && lua_gethook(host))
    lua_sethook(L, lua_gethook(host), lua_gethookmask(host), lua_gethookcount(host));
}

bool poll_host(sl_ctx *c, void *ud) {
  state *s = ud;
  lua_State *L = s->running;
  if (!lua_checkstack(L, 4)) return true;
  borrow_hook(L);
  lua_pushcfunction(L, no_op);
  if (lua_pcall(L, 0, 0, 0) == LUA_OK) return true;
  error_waits(s, c, "interrupted");
  return false;
}

/* ---- tracebacks -------------------------------------------------------------------- */

/* Message handler: the error object stays as it is; its traceback goes beside it into the state's user values.
   An object that is there already has come through an inner callback, whose traceback says more. */
static int keep_traceback(lua_State *L) {
  lua_settop(L, 1);
  state_push(L);
  lua_getiuservalue(L, 2, 1);
  if (!lua_rawequal(L, -1, 1)) {
    luaL_traceback(L, L, NULL, 1);
    lua_setiuservalue(L, 2, 2);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, 2, 1);
  }
  lua_settop(L, 1);
  return 1;
}

static void forget_traceback(lua_State *L) {
  state_push(L);
  for (int i = 1; i <= 2; i++) {
    lua_pushnil(L);
    lua_setiuservalue(L, -2, i);
  }
  lua_pop(L, 1);
}

int traced_pcall(lua_State *L, int nargs, int nresults) {
  int at = lua_gettop(L) - nargs;
  forget_traceback(L);
  lua_pushcfunction(L, keep_traceback);
  lua_insert(L, at);
  int status = lua_pcall(L, nargs, nresults, at);
  lua_remove(L, at);
  return status;
}

bool push_callback_traceback(lua_State *L, int i) {
  i = lua_absindex(L, i);
  if (!state_push(L)) {
    lua_pop(L, 1);
    return false;
  }
  lua_getiuservalue(L, -1, 1);
  bool same = !lua_isnil(L, -1) && lua_rawequal(L, -1, i);
  lua_getiuservalue(L, -2, 2);
  lua_replace(L, -3);
  lua_pop(L, same ? 1 : 2);
  return same;
}

/* ---- which function ------------------------------------------------------------------ */

static const char recallable_key = 0;

void handle_recallable(lua_State *L, int i) {
  i = lua_absindex(L, i);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &recallable_key) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &recallable_key);
  }
  lua_pushvalue(L, i);
  lua_rawsetp(L, -2, lua_touserdata(L, i));
  lua_pop(L, 1);
}

callback stack_callback(lua_State *L, int i) { return (callback){NULL, lua_absindex(L, i)}; }
callback value_callback(void **owner, int value) { return (callback){owner, value}; }

/* Pushes the function; false when the handle that kept it is gone. */
static bool push_function(lua_State *L, const callback *f) {
  if (!f->owner) {
    lua_pushvalue(L, f->at);
    return true;
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &recallable_key);
  lua_rawgetp(L, -1, f->owner);
  lua_remove(L, -2);
  if (lua_isnil(L, -1)) return false;
  lua_getiuservalue(L, -1, f->at);
  lua_remove(L, -2);
  return true;
}

/* ---- calling ------------------------------------------------------------------------- */

bool callback_run(sl_ctx *c, const callback *f, lua_CFunction body, void *args) {
  if (sl_failed(c)) return false;
  state *s = c->poll_ud;
  lua_State *L = s->running;
  int top = lua_gettop(L);
  if (!lua_checkstack(L, LUA_MINSTACK)) {
    sl_fail(c, SL_EMEMORY, "callback: Lua's stack is full");
    return false;
  }
  lua_pushcfunction(L, body);
  if (!push_function(L, f)) {
    lua_settop(L, top);
    sl_fail(c, SL_ESTATE, "callback: the object that kept the function was collected or closed");
    return false;
  }
  lua_pushlightuserdata(L, args);
  sl_frame frame;
  bool recording = sl_recording(c);
  sl_frame_open(c, &frame);
  int status = traced_pcall(L, 2, 0);
  sl_frame_close(c, &frame);
  sl_recording_set(c, recording);
  s->running = L;
  if (status != LUA_OK) error_waits(s, c, "a callback failed");
  return status == LUA_OK;
}

typedef struct tensor_call {
  const char *who;
  int n;
  sl_tensor *const *x;
  sl_tensor *y;
} tensor_call;

static int tensor_body(lua_State *L) {
  tensor_call *call = lua_touserdata(L, 2);
  lua_settop(L, 1);
  luaL_checkstack(L, call->n + LUA_MINSTACK, "too many arguments");
  for (int i = 0; i < call->n; i++) push_tensor(L, call->x[i]);
  lua_call(L, call->n, 1);
  if (!is_tensor(L, -1)) return raise_text(L, "%s: expected a tensor as result, got %s", call->who, describe(L, -1));
  call->y = sl_retain(check_tensor(L, -1, call->who, "result"));
  return 0;
}

sl_tensor *callback_tensor(sl_ctx *c, const callback *f, const char *who, int n, sl_tensor *const *x) {
  tensor_call call = {who, n, x, NULL};
  return callback_run(c, f, tensor_body, &call) ? sl_temp(c, call.y) : NULL;
}
