-- warn(text, ...): a line for whoever runs the program, formatted, on stderr.
return function(text, ...) io.stderr:write(("sdelua: warning: " .. text .. "\n"):format(...)) end
