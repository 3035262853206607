-- What a report says of a run's times, run.times (see sdelua/train/events.lua); nil where they are not known.
local times = {}

--- From the beginning to the last step, as 1:02:03.
function times.duration(run)
  local list = run.times
  if #list < 2 then return nil end
  local s = math.floor(list[#list].time - list[1].time + 0.5)
  return ("%d:%02d:%02d"):format(s // 3600, s // 60 % 60, s % 60)
end

--- Steps a second, by the median of the times from one step to the next: previews, checkpoints and pauses are in few.
function times.speed(run)
  local list, gaps = run.times, {}
  for i = 2, #list do gaps[i - 1] = (list[i].time - list[i - 1].time) / (list[i].step - list[i - 1].step) end
  table.sort(gaps)
  local middle = gaps[(#gaps + 1) // 2]
  return middle and middle > 0 and 1 / middle or nil
end

return times
