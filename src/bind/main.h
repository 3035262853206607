/* The parts of the program. */
#ifndef SL_BIND_MAIN_H
#define SL_BIND_MAIN_H

#include "bind.h"

/* Calls as lua_pcall does; the error is a message with a traceback, and SIGINT interrupts. */
int run_chunk(lua_State *L, int nargs, int nresults);
int message_handler(lua_State *L);
/* If status tells of an error, writes prefix and the message on the stack top to stderr and pops it. Returns status. */
int report(lua_State *L, const char *prefix, int status);

/* Makes load, loadfile, dofile and require refuse precompiled chunks, which nothing checks. */
void load_text_only(lua_State *L);

/* Reads, runs and prints until the end of the input. */
void repl(lua_State *L);
/* Pushes a sorted list of the words that complete `word`, and returns their number. Raises only when memory is out. */
int complete(lua_State *L, const char *word);

#endif
