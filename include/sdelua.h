/* sdelua: score-based generative modelling through stochastic differential
   equations (Song et al. 2021). Start with sdelua/base.h. */
#ifndef SDELUA_H
#define SDELUA_H

#include "sdelua/autograd.h"
#include "sdelua/base.h"
#include "sdelua/draw.h"
#include "sdelua/io.h"
#include "sdelua/linalg.h"
#include "sdelua/nn.h"
#include "sdelua/op.h"
#include "sdelua/optim.h"
#include "sdelua/sde.h"
#include "sdelua/solve.h"
#include "sdelua/tensor.h"

#endif
