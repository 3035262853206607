/* Arguments of a constructor, read by an option string (base/options.h): values by
   position, then a table of them by name. */
#ifndef SL_BIND_ROW_H
#define SL_BIND_ROW_H

#include "base/options.h"
#include "bind.h"

/* An option string as a list; raises in the name of who where it is none. */
sl_options parse_options(lua_State *L, const char *who, const char *text);
/* Reads what is at `first` and after into given[0 .. spec->n-1], SL_DEFAULT where nothing is. */
void read_row(lua_State *L, int first, const char *who, const sl_options *spec, double *given);
/* Pushes the value as Lua has it: a boolean, an integer or a number. */
void push_option(lua_State *L, const sl_option *o, double value);

#endif
