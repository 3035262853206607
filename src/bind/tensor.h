/* The tensor's metatable, which several files of this folder fill. */
#ifndef SL_BIND_TENSOR_H
#define SL_BIND_TENSOR_H

#include "state.h"

void push_tensor_meta(lua_State *L);
/* The table of methods, which __index reads. */
void push_tensor_methods(lua_State *L);
/* The handle at i, closed or not; NULL when there is something else. */
tensor_handle *handle_in(lua_State *L, const state *s, int i);
/* A live handle; raises otherwise. */
tensor_handle *check_handle(lua_State *L, int i, const char *who, const char *name);
/* A number that a tensor of this type holds, of an integer type exactly, as a double. */
double check_element(lua_State *L, int i, const char *who, const char *name, sl_dtype d);
/* Pushes element `p` of a tensor: an integer or a float. */
void push_element(lua_State *L, const void *p, sl_dtype d);

#endif
