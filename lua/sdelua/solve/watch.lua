-- What a call lets be seen on its way: its callback, and its trajectory. Both get the whole batch after each step.
local Watch = {}
Watch.__index = Watch

--- Of a call from the time `from`, whose steps end with the stage `last`; nil where nobody looks.
function Watch.new(call, from, last)
  if not call.trajectory and not call.callback then return nil end
  local self = setmetatable({ call = call, last = last }, Watch)
  self:begin(call.x, from)
  return self
end

--- x at time t is where the way begins.
function Watch:begin(x, t)
  self.states, self.times = { x }, { t }
end

--- After a stage: hands the state on (see sl.solve for what it says).
function Watch:see(state)
  if self.call.trajectory and state.stage == self.last then
    self.states[#self.states + 1] = state.x
    self.times[#self.times + 1] = state.times or math.max(state.r or state.t, 0)
  end
  if self.call.callback then self.call.callback(state) end
end

--- The trajectory and its times for info. It ends with x, the result: the last state without its last noise, or, of one
-- more evaluation, the data expected from it.
function Watch:close(x, more)
  if not self.call.trajectory then return nil, nil end
  local n = #self.states
  if more > 0 or n == 1 then
    self.states[n + 1], self.times[n + 1] = x, more > 0 and 0.0 or self.times[n]
  else
    self.states[n] = x
  end
  return self.states, self.times
end

return Watch
