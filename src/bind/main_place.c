/* Where the program's own files are: relative to itself, so that a tree may be moved as a whole. */
#include "main.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file that a shell runs for a name without a folder. */
static bool search_path(const char *name, char file[PATH_MAX]) {
  char candidate[PATH_MAX];
  for (const char *folder = getenv("PATH"); folder; folder = strchr(folder, ':') ? strchr(folder, ':') + 1 : NULL) {
    int n = (int)strcspn(folder, ":");
    int length = snprintf(candidate, sizeof candidate, "%.*s/%s", n ? n : 1, n ? folder : ".", name);
    if (length < PATH_MAX && access(candidate, X_OK) == 0 && realpath(candidate, file)) return true;
  }
  return false;
}

/* The program's file: as the kernel says, or, in a root without /proc, as it was called. */
static bool find_program(const char *argv0, char file[PATH_MAX]) {
  ssize_t n = readlink("/proc/self/exe", file, PATH_MAX - 1);
  if (n > 0) return file[n] = 0, true;
  if (!argv0) return false;
  return strchr(argv0, '/') ? realpath(argv0, file) != NULL : search_path(argv0, file);
}

/* root is FOLDER/place, FOLDER being where the program lies; true if it holds our Lua files. */
static bool find_place(const char *folder, const char *place, char root[PATH_MAX]) {
  char path[PATH_MAX];
  if (snprintf(root, PATH_MAX, "%s/%s", folder, place) >= PATH_MAX) return false;
  return snprintf(path, PATH_MAX, "%s/sdelua/init.lua", root) < PATH_MAX && access(path, R_OK) == 0;
}

bool find_lua_files(const char *argv0, char root[PATH_MAX]) {
  char folder[PATH_MAX];
  if (!find_program(argv0, folder)) return false;
  *strrchr(folder, '/') = 0;
  return find_place(folder, "lua", root) || find_place(folder, "../share/lua/5.4", root);
}

bool find_script(const char *argv0, const char *name, char path[PATH_MAX]) {
  char root[PATH_MAX];
  if (strchr(name, '/') || access(name, F_OK) == 0 || !find_lua_files(argv0, root)) return false;
  return snprintf(path, PATH_MAX, "%s/sdelua/scripts/%s", root, name) < PATH_MAX && access(path, R_OK) == 0;
}
