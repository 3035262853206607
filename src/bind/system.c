/* core.system: the little that the Lua files need of the machine and that Lua's own library lacks. */
#include "bind/bind.h"
#include "kernel/kernel.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* clock(): seconds since some moment, never going back. */
static int system_clock(lua_State *L) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  lua_pushnumber(L, (lua_Number)now.tv_sec + 1e-9 * (lua_Number)now.tv_nsec);
  return 1;
}

/* is_terminal("stdout" | "stderr") */
static int system_is_terminal(lua_State *L) {
  static const char *const names[] = {"stdout", "stderr", NULL};
  lua_pushboolean(L, isatty(check_choice(L, 1, "system.is_terminal", "stream", names) + 1));
  return 1;
}

static int fail_path(lua_State *L, const char *who, const char *path) {
  return raise_text(L, "%s: %s: %s", who, path, strerror(errno));
}

/* kind(path): "file", "folder" or "other"; nil when there is nothing. */
static int system_kind(lua_State *L) {
  struct stat s;
  if (stat(check_string(L, 1, "system.kind", "path"), &s) != 0) return 0;
  lua_pushstring(L, S_ISREG(s.st_mode) ? "file" : S_ISDIR(s.st_mode) ? "folder" : "other");
  return 1;
}

/* Makes one folder of the path; one that is there already is fine. */
static bool make_one(const char *path) {
  struct stat s;
  return mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &s) == 0 && S_ISDIR(s.st_mode));
}

/* make_folder(path): it and the folders above it. */
static int system_make_folder(lua_State *L) {
  const char *path = check_string(L, 1, "system.make_folder", "path");
  for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
    if (slash == path) continue;
    const char *above = lua_pushlstring(L, path, (size_t)(slash - path));
    if (!make_one(above)) return fail_path(L, "system.make_folder", above);
    lua_pop(L, 1);
  }
  return make_one(path) ? 0 : fail_path(L, "system.make_folder", path);
}

static void close_folder(void *p) { closedir(p); }
static const handle_type folder_type = {"sdelua.folder", close_folder, NULL, NULL};

/* list_folder(path): the names in it, in no order, without "." and "..". */
static int system_list_folder(lua_State *L) {
  const char *path = check_string(L, 1, "system.list_folder", "path");
  void **folder = handle_new(L, &folder_type, 0);
  if (!(*folder = opendir(path))) return fail_path(L, "system.list_folder", path);
  lua_newtable(L);
  lua_Integer n = 0;
  for (struct dirent *e; (e = readdir(*folder));) {
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
    lua_pushstring(L, e->d_name);
    lua_rawseti(L, -2, ++n);
  }
  close_folder(*folder);
  *folder = NULL;
  return 1;
}

/* peak_flops(): float32 operations a second that this machine does at most, on as many threads as are set. */
static int system_peak_flops(lua_State *L) {
  lua_pushnumber(L, sl_peak_flops(context(L)));
  return 1;
}

/* peak_copy(bytes): bytes a second that a copy reads and writes, with that many in all. */
static int system_peak_copy(lua_State *L) {
  int64_t bytes = check_integer(L, 1, "system.peak_copy", "bytes", 2, INT64_C(1) << 32);
  double rate = sl_peak_copy(context(L), bytes);
  if (rate == 0) return raise_error(L);
  lua_pushnumber(L, rate);
  return 1;
}

void sl_bind_system(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"clock", system_clock}, {"is_terminal", system_is_terminal}, {"kind", system_kind},
    {"make_folder", system_make_folder}, {"list_folder", system_list_folder},
    {"peak_flops", system_peak_flops}, {"peak_copy", system_peak_copy}, {NULL, NULL}};
  handle_register(L, &folder_type);
  luaL_newlib(L, functions);
#if defined(__clang__)
  lua_pushliteral(L, "clang " __clang_version__);
#else
  lua_pushliteral(L, "gcc " __VERSION__);
#endif
  lua_setfield(L, -2, "compiler");
  lua_setfield(L, -2, "system");
}
