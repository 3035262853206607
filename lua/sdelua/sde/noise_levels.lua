-- The noise levels of two earlier works in sigma = s/m (Karras et al. 2022, table 1): what preconditionings, EDM's loss
-- and grids share.
local noise_levels = {}

--- VP's sigma at times t, a tensor: log(1 + sigma^2) = beta_d t^2/2 + beta_min t (Song et al. 2021, eq. 32).
function noise_levels.vp(t, beta_d, beta_min)
  return (t:square() * (0.5 * beta_d) + t * beta_min):expm1():sqrt()
end

--- iDDPM's levels, u[0] > ... > u[M] = 0: 1 + u_{j-1}^2 = (1 + u_j^2)/max(abar_{j-1}/abar_j, C_1), abar the cosine of
-- Nichol & Dhariwal 2021, eq. 17, backwards.
function noise_levels.iddpm(M, C_1, C_2)
  local function abar(j) return math.sin(0.5 * math.pi * j / (M * (C_2 + 1))) ^ 2 end
  local u = { [M] = 0.0 }
  for j = M, 1, -1 do u[j - 1] = math.sqrt((u[j] ^ 2 + 1) / math.max(abar(j - 1) / abar(j), C_1) - 1) end
  return u
end

return noise_levels
