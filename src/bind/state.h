/* What the binding keeps for one Lua state, and the list of its tensor handles. */
#ifndef SL_BIND_STATE_H
#define SL_BIND_STATE_H

#include "bind.h"

/* Tensor handles and open scopes, newest first. A scope closes by dropping what is newer than itself. */
typedef struct link {
  struct link *newer, *older; /* itself when in no list */
  uint64_t serial;            /* grows towards newer */
  bool scope;
} link;

typedef struct tensor_handle {
  sl_tensor *t; /* first: new_tensor_slot returns its address. NULL: closed */
  link at;
} tensor_handle;

/* User values: the error object of the last callback that failed, its traceback. */
typedef struct state {
  sl_ctx *ctx;
  lua_State *running; /* whose binding called the core */
  size_t settled;     /* live bytes after the last collection */
  int error_at;       /* where in running's stack the pending error object is; 0: nowhere */
  link handles;       /* the list's ends */
  const void *tensor_meta; /* address of the metatable of tensors, which the registry holds at tensor_ref */
  int tensor_ref;
  uint64_t serial;
  interrupt sigint;
} state;

/* Pushes nothing. Raises when the state is closed. */
state *state_get(lua_State *L);
/* The same for a function that has the state's userdata as upvalue i: no search. */
state *state_of(lua_State *L, int i);
/* Pushes the state's userdata, for its user values. */
state *state_push(lua_State *L);
/* Makes it, once a Lua state. */
void state_open(lua_State *L);
/* True inside a finalizer, where nothing may be closed but what is collected. */
bool finalizing(lua_State *L);
/* One full collection if live bytes have grown far past those of the last one. */
void collect_if_grown(lua_State *L, state *s);

/* new_tensor_slot and return_tensor for a caller that has the state. */
sl_tensor **new_slot(lua_State *L, state *s);
int return_tensor_in(lua_State *L, state *s, tensor_fn *fn, void *args);

void link_in(state *s, link *at);
void link_out(link *at);
void handle_drop(tensor_handle *h);

/* Calls a no-op in Lua, so that the host's hook can raise there. */
bool poll_host(sl_ctx *c, void *ud);
/* The error on the stack top of s->running waits there for raise_error. */
void error_waits(state *s, sl_ctx *c, const char *message);

#endif
