local numbers = require "sdelua.plot.numbers"
local linear = require "sdelua.plot.scales.linear"

local LN10 = math.log(10)

local function decade(v) return math.log(v, 10) end

-- The powers of ten from lo to hi, every so many.
local function powers(lo, hi, every)
  local list = {}
  local first = math.ceil(decade(lo) - 1e-6)
  for k = first + -first % every, math.floor(decade(hi) + 1e-6), every do list[#list + 1] = k end
  return list
end

-- digit * 10^k between lo and hi, for the digits given.
local function multiples(lo, hi, digits)
  local list = {}
  for k = math.floor(decade(lo)) - 1, math.floor(decade(hi)) do
    for _, digit in ipairs(digits) do
      local v = digit * 10.0 ^ k
      if v >= lo * (1 - 1e-6) and v <= hi * (1 + 1e-6) then list[#list + 1] = v end
    end
  end
  return list
end

local function plain(v)
  if v >= 1e5 or v < 1e-4 then return numbers.scientific(v, 0) end
  return numbers.fixed(v, math.max(0, -math.floor(decade(v) + 1e-9)))
end

local function of_powers(list)
  local ticks, small = { at = {}, labels = {} }, list[1] >= -2 and list[#list] <= 3
  for i, k in ipairs(list) do
    ticks.at[i] = 10.0 ^ k
    ticks.labels[i] = small and plain(10.0 ^ k) or numbers.power(k)
  end
  return ticks
end

local function of_multiples(lo, hi)
  local list, labels = multiples(lo, hi, { 1, 2, 5 }), {}
  if #list < 2 then return linear.ticks(lo, hi, 4) end
  for i, v in ipairs(list) do labels[i] = plain(v) end
  return { at = list, labels = labels }
end

return {
  doc = "An axis: equal distances for equal ratios; what is not above zero is left out.",
  forward = function(x) return x:log() / LN10 end,
  backward = function(u) return (u * LN10):exp() end,
  admits = function(v) return v > 0 end,
  widest = { -323, 308 }, -- what floats hold
  expected = "numbers above zero",
  ticks = function(lo, hi, n)
    local every = math.max(1, math.ceil((decade(hi) - decade(lo)) / n))
    local list = powers(lo, hi, every)
    local ticks = #list < 2 and of_multiples(lo, hi) or of_powers(list)
    ticks.between = every == 1 and multiples(lo, hi, { 2, 3, 4, 5, 6, 7, 8, 9 }) or {}
    return ticks
  end,
}
