-- The process of discrete levels.
local check = require "check"
local sl = require "sdelua"

local betas = {}
for i = 1, 100 do betas[i] = 1e-3 + (0.2 - 1e-3) * (i - 1) / 99 end

check.test("a table of levels is a process", function()
  local products, product = {}, 1
  for i, beta in ipairs(betas) do
    product = product * (1 - beta)
    products[i] = product
  end
  local p = sl.sde.discrete { betas = betas }
  local q = sl.sde.discrete { alphas_cumprod = sl.tensor(products, { dtype = "float64" }) }
  for _, i in ipairs { 1, 2, 50, 100 } do
    for _, process in ipairs { p, q } do
      local at = process:point(i / 100)
      -- functions of time are tabulated; log alpha has a kink at every level, where that holds to 1e-5
      check.close({ at.m, at.s }, { math.sqrt(products[i]), math.sqrt(1 - products[i]) }, 1e-5)
    end
  end
  check.eq({ p.T, p.eps.sample, p.eps.train, p.name, p.tier }, { 1, 0.01, 0.01, "discrete", "affine" })
  check.close(p:point(0).s, 0, 0, 1e-6)
  -- networks are told the number of the level, from 0
  local told
  local score = p:score(function(x, label)
    told = label
    return x
  end)
  score(sl.zeros { 3, 2 }, sl.tensor { 0.01, 0.5, 1 })
  check.close(told:totable(), { 0, 49, 99 }, 1e-5, 1e-5)
  local cut = sl.sde.discrete { betas = betas, lambda_min = -3 }
  local n = math.floor(1 / cut.eps.sample + 0.5)
  check.ok(n < 100)
  check.close(cut:point(1).m, math.sqrt(products[n]), 1e-5)
  check.ok(math.log(cut:point(1).sigma) <= 3 and math.log(math.sqrt((1 - products[n + 1]) / products[n + 1])) > 3)
end)

check.test("bad tables are named", function()
  local function refused(options, part) check.raises(function() sl.sde.discrete(options) end, "discrete: " .. part) end
  refused({}, "option betas: expected either betas or alphas_cumprod")
  refused({ betas = betas, alphas_cumprod = betas }, "option betas")
  refused({ betas = { 0.1, 1.5 } }, "option betas: expected numbers in (0, 1), got 1.5")
  refused({ alphas_cumprod = { 0.9, 0.9 } }, "option alphas_cumprod: expected numbers in (0, 1) that fall")
  refused({ betas = "cosine" }, "option betas: expected a list of numbers or a tensor")
  refused({ betas = betas, T = 2 }, "option T")
end)
