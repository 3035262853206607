-- PyTorch's layouts, channels first, and ours.
local layout = {}

--- [n,c,h,w] -> [n,h,w,c]
function layout.last(x) return x:permute { 1, 3, 4, 2 } end

--- [n,h,w,c] -> [n,c,h,w]
function layout.first(x) return x:permute { 1, 4, 2, 3 } end

--- [out,in,kh,kw] -> [kh,kw,in,out]
function layout.kernel(w) return w:permute { 3, 4, 2, 1 } end

return layout
