/* Processes, which sde.c makes and solve.c integrates. */
#ifndef SL_BIND_SDE_H
#define SL_BIND_SDE_H

#include "bind.h"
#include "sdelua/sde.h"

extern const handle_type process_type;

#endif
