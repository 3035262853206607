/* The parts of the program. */
#ifndef SL_BIND_MAIN_H
#define SL_BIND_MAIN_H

#include "bind.h"

#include <histedit.h>

#include <limits.h>

/* Calls as lua_pcall does; the error is a message with a traceback, and SIGINT interrupts. */
int run_chunk(lua_State *L, int nargs, int nresults);
int message_handler(lua_State *L);
/* If status tells of an error, writes prefix and the message on the stack top to stderr and pops it. Returns status. */
int report(lua_State *L, const char *prefix, int status);

/* Makes load, loadfile, dofile and require refuse precompiled chunks, which nothing checks. */
void load_text_only(lua_State *L);

/* The folder of our Lua files: lua/ beside the program (a build folder), or share/lua/5.4 of the prefix (or the rocks)
   that it is installed in. argv0 tells where the program is if nothing else does. False: neither is there. */
bool find_lua_files(const char *argv0, char root[PATH_MAX]);
/* The path of an installed script, which lies in sdelua/scripts of that folder, for a name without a folder that is no
   file here. */
bool find_script(const char *argv0, const char *name, char path[PATH_MAX]);

/* Reads, runs and prints until the end of the input. */
void repl(lua_State *L);
/* What the tab key does; `before` is what was read before the line. A line editor's result, CC_REFRESH and the like. */
unsigned char complete(lua_State *L, EditLine *edit, const char *before);

#endif
