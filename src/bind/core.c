/* luaopen_sdelua_core: one Lua state's context, and every room's functions. */
#include "state.h"

#define ROOMS(F) \
  F(raise) F(tensor) F(scope) F(ops) F(create) F(access) F(print) F(grad) F(function) F(runtime) F(system) F(terminal) \
  F(data) F(linalg) F(nn) F(optim) F(sde) F(solve) F(io) F(draw)

#define DECLARE(room) void sl_bind_##room(lua_State *L);
ROOMS(DECLARE)

int luaopen_sdelua_core(lua_State *L) {
  luaL_checkversion(L);
  state_open(L);
  lua_newtable(L);
#define ADD(room) sl_bind_##room(L);
  ROOMS(ADD)
  return 1;
}
