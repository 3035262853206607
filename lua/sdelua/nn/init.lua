--- sl.nn: layers of the core, modules in Lua, and networks. sl.nn.UNet, sl.nn.MLP … are the files of
-- sdelua/nn/networks, one each; sl.nn.list() names them.
--
-- Such a file returns a class made by sl.nn.Module, which is its own row (see sdelua/collection.lua): doc, source and
-- options are fields of the class. sl.nn.<name> { options } is a network; it is called as net(x [N,...], t [N]), t the
-- label of the time that the process's score hands on, and gives a tensor of x's shape unless told otherwise. One that
-- knows classes takes labels as its third argument, int64 [N], -1 for none, or one-hot [N,K], and says in
-- net.num_classes how many there are. Image networks take their images' height and channels as the options size and
-- channels. A network says in net.config which
-- options it was made with, every default included, so that a checkpoint can make it again: numbers, texts, booleans
-- and lists of them. Where weights published for PyTorch are to be loaded it has a method torch_names (see
-- sdelua/nn/import.lua).
local core = require "sdelua.core"
local collection = require "sdelua.collection"
local parts = require "sdelua.nn.module"
local nn = core.nn

nn.Module = parts.Module
nn.parameter = parts.parameter
nn.Sequential = require "sdelua.nn.sequential"
nn.networks = collection "sdelua.nn.networks"

return nn.networks:open(nn, { "name", "doc", "source" }, function(class) return class end)
