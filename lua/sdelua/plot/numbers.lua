-- Numbers as ticks show them: a true minus, powers of ten raised.
local numbers = {}

local RAISED = {
  ["0"] = "⁰", ["1"] = "¹", ["2"] = "²", ["3"] = "³", ["4"] = "⁴", ["5"] = "⁵", ["6"] = "⁶", ["7"] = "⁷", ["8"] = "⁸",
  ["9"] = "⁹", ["-"] = "⁻",
}

local function minus(text) return (text:gsub("%-", "−")) end

--- "10⁻³"
function numbers.power(k) return "10" .. tostring(k):gsub(".", RAISED) end

--- v with so many decimals: "−0.25".
function numbers.fixed(v, decimals)
  local text = ("%." .. decimals .. "f"):format(v):gsub(",", ".")
  return minus(text:find "[1-9]" and text or text:gsub("%-", ""))
end

--- v as "2.5×10⁶", with so many decimals before the power of ten.
function numbers.scientific(v, decimals)
  if v == 0 then return "0" end
  local mantissa, exponent = (("%." .. decimals .. "e"):format(v)):gsub(",", "."):match "^(.-)e(.*)$"
  if tonumber(exponent) == 0 then return minus(mantissa) end
  local power = numbers.power(math.tointeger(tonumber(exponent)))
  if math.abs(tonumber(mantissa)) == 1 and decimals == 0 then return minus(mantissa:gsub("1", "")) .. power end
  return minus(mantissa) .. "×" .. power
end

-- The decimals that a step has.
local function decimals_of(step) return math.min(15, math.max(0, math.ceil(-math.log(step, 10) - 1e-9))) end

--- v with at most three digits that say something.
function numbers.short(v)
  if v == 0 then return "0" end
  local exponent = math.floor(math.log(math.abs(v), 10) + 1e-9)
  if exponent < -3 or exponent > 4 then return numbers.scientific(v, 2) end
  local text = numbers.fixed(v, math.max(0, 2 - exponent))
  return text:find "%." and text:gsub("0+$", ""):gsub("%.$", "") or text
end

--- How all of `list`, a step apart from each other, are written.
function numbers.texts(list, step)
  local largest, texts = 0, {}
  for _, v in ipairs(list) do largest = math.max(largest, math.abs(v)) end
  local plain = largest < 1e5 and step >= 1e-4
  local decimals = decimals_of(step)
  for i, v in ipairs(list) do
    if plain then
      texts[i] = numbers.fixed(v, decimals)
    else
      local exponent = v == 0 and 0 or math.floor(math.log(math.abs(v), 10) + 1e-9)
      texts[i] = numbers.scientific(v, decimals_of(step / 10.0 ^ exponent))
    end
  end
  return texts
end

return numbers
