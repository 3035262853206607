-- luarocks --lua-version 5.4 make      builds and installs this tree as a rock (needs what scripts/setup.sh installs)
rockspec_format = "3.0"
package = "sdelua"
version = "scm-1"
source = { url = "git+file://." } -- `luarocks make` builds what lies beside this file
description = {
  summary = "Score-based generative modelling through stochastic differential equations",
  detailed = [[
A workbench for the models of Song et al. (2021) and their family: a fast C11 core (tensors, autograd, layers,
optimizers, SDEs and their solvers) scripted from Lua, on a plain CPU. It brings the module, the program sdelua and the
scripts; these read their options with argparse, which is a rock and a Debian package (lua-argparse).]],
  license = "MIT",
  labels = { "machine-learning", "diffusion", "tensor" },
}
dependencies = { "lua ~> 5.4" }
build = {
  type = "cmake",
  variables = {
    CMAKE_BUILD_TYPE = "Release",
    CMAKE_INSTALL_PREFIX = "$(PREFIX)",
    CMAKE_INSTALL_BINDIR = "$(BINDIR)",
    SDELUA_LUADIR = "$(LUADIR)",
    SDELUA_LUACDIR = "$(LIBDIR)",
    SDELUA_LIBRARY = "OFF",
    SDELUA_FUZZ = "OFF",
    BUILD_TESTING = "OFF",
  },
}
