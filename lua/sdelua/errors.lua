-- Errors of the library's Lua files. They are told as those of the core are: where the library was called, whatever of
-- it lies between, and in the name of what was called there, where that has one of its own (errors.named).
local core = require "sdelua.core".errors

core.home(debug.getinfo(1, "S").source:match "^(.*)errors%.lua$" or "@")

local errors = {}

--- Raises "who: what was wrong", a text or a format and its values.
function errors.raise(text, ...) core.raise(select("#", ...) > 0 and text:format(...) or text) end

--- f, in whose name from now on all errors are told that the library raises while f is called from outside it: `who`
-- comes instead of the name of the function inside that found what was wrong. Of several the outermost counts.
function errors.named(who, f) return core.named(who, f) end

--- What was wrong, without where the library was called: for errors that tell of errors.
function errors.bare(message) return (message:gsub("^[^\n]-:%d+: ", "")) end

return errors
