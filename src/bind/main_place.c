/* Where the program's own files are: relative to itself, so that a tree may be moved as a whole. */
#include "main.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* root is FOLDER/place, FOLDER being where the program lies; true if it holds that file. */
static bool find_place(const char *place, const char *file, char root[PATH_MAX]) {
  char here[PATH_MAX], path[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", here, sizeof here - 1);
  if (n <= 0) return false;
  here[n] = 0;
  *strrchr(here, '/') = 0;
  if (snprintf(root, PATH_MAX, "%s/%s", here, place) >= PATH_MAX) return false;
  return snprintf(path, PATH_MAX, "%s/%s", root, file) < PATH_MAX && access(path, R_OK) == 0;
}

bool find_lua_files(char root[PATH_MAX]) {
  return find_place("lua", "sdelua/init.lua", root) || find_place("../share/lua/5.4", "sdelua/init.lua", root);
}

bool find_script(const char *name, char path[PATH_MAX]) {
  char root[PATH_MAX];
  if (strchr(name, '/') || access(name, F_OK) == 0 || !find_place("../share/sdelua/scripts", name, root)) return false;
  return snprintf(path, PATH_MAX, "%s/%s", root, name) < PATH_MAX;
}
