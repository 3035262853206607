--- sl.sde: diffusion processes. sl.sde.VP, sl.sde.subVP and sl.sde.VE have closed forms; sl.sde.define makes one
-- from your own functions. Everything else about a process follows from its drift and diffusion (see
-- include/sdelua/sde.h).
local sde = { define = require "sdelua.sde.define", Process = require "sdelua.sde.process" }

for name, constructor in pairs(require "sdelua.sde.closed") do sde[name] = constructor end

return sde
