--- sl.nn: layers of the core, modules in Lua, and the two networks.
local core = require "sdelua.core"
local parts = require "sdelua.nn.module"
local nn = core.nn

nn.Module = parts.Module
nn.parameter = parts.parameter
nn.Sequential = require "sdelua.nn.sequential"
nn.MLP = require "sdelua.nn.mlp"
nn.UNet = require "sdelua.nn.unet"

return nn
