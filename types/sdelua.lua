---@meta sdelua
-- Made by scripts/reference.lua from the rows and comments of the house; not to be run.

---@class sdelua
local sl = {}

---What sl.draw.canvas makes.
---@class sdelua.Canvas
local Canvas_class = {}

---Until unclip, nothing is drawn outside that rectangle.
---@param x any
---@param y any
---@param width any
---@param height any
---@return sdelua.Canvas
function Canvas_class:clip(x, y, width, height) end

---A uint8 [H,W,1|3|4] in a rectangle.
---@param image any
---@param x any
---@param y any
---@param width any
---@param height any
---@param smooth? any
---@return sdelua.Canvas
function Canvas_class:image(image, x, y, width, height, smooth) end

---A disc at each of the points [n,2].
---@param points any
---@param radius any
---@param opts? { fill?: any, stroke?: any, width?: number }
---@return sdelua.Canvas
function Canvas_class:marks(points, radius, opts) end

---How wide words are.
---@param words any
---@param opts? { size?: number, bold?: boolean }
---@return number
function Canvas_class:measure(words, opts) end

---A line through points [n,2], or m lines through [m,n,2], filled and stroked in colours { r, g, b, opacity } of [0,1]; a point that is not finite breaks it.
---@param points any
---@param opts? { fill?: any, stroke?: any, width?: number, closed?: boolean, round?: boolean, dash?: any }
---@return sdelua.Canvas
function Canvas_class:path(points, opts) end

---uint8 [H,W,3] of a raster.
---@return sdelua.tensor
function Canvas_class:pixels() end

---Writes a PNG, SVG or PDF, whichever the canvas is; a PDF is finished by that.
---@param path any
function Canvas_class:save(path) end

---Words with their base line at y, and x at the share `anchor` of their width; angle in degrees, against the clock.
---@param x any
---@param y any
---@param words any
---@param opts? { size?: number, anchor?: number, angle?: number, bold?: boolean, color?: any }
---@return sdelua.Canvas
function Canvas_class:text(x, y, words, opts) end

---Ends the last clip.
---@return sdelua.Canvas
function Canvas_class:unclip() end

---What sl.optim.EMA makes: moving averages of parameters.
---@class sdelua.EMA
local EMA_class = {}

---Runs fn(...) with the averages in the parameters and puts the parameters back on every way out.
---@param fn any
---@param ... any
---@return any ...
function EMA_class:apply(fn, ...) end

---Copies the averages into the parameters.
function EMA_class:copy_to() end

---Takes what state_dict gave; raises, and changes nothing, where names or shapes differ.
---@param state any
---@return any ...
function EMA_class:load_state_dict(state) end

---"updates" and the averages "avg.1", "avg.2", ..., by parameter number.
---@return any ...
function EMA_class:state_dict() end

---Exchanges averages and parameters.
function EMA_class:swap() end

---Whether the averages are in the parameters now.
---@return boolean
function EMA_class:swapped() end

---Takes the parameters as they are into the averages.
function EMA_class:update() end

---How many updates were made; given n, so many from now on.
---@param n? any
---@return integer
function EMA_class:updates(n) end

---A layer of the core, with parameters. layer(x) applies it.
---@class sdelua.Layer
---@overload fun(...): ...
local Layer_class = {}

---Training mode (the default) and evaluation mode: they differ for dropout.
---@return any ...
function Layer_class:eval() end

---sl.nn.SongUNet:from_torch(state, opts): a new network with those weights. Of the options a class knows by itself what it can tell from the weights.
---@param state any
---@param opts? table
---@return any ...
function Layer_class:from_torch(state, opts) end

---Copies the tensors of a state_dict, by name; raises, and changes nothing, where names or shapes differ.
---@param state any
---@return any ...
function Layer_class:load_state_dict(state) end

---The same from a state dict of PyTorch, for networks that know its names (see sdelua/nn/import.lua).
---@param state any
---@return any ...
function Layer_class:load_torch(state) end

---for name, parameter in net:named_parameters() do
---@return any ...
function Layer_class:named_parameters() end

---How many numbers are trained.
---@return any ...
function Layer_class:num_parameters() end

---The trained tensors, in order: what optimizers take.
---@return any ...
function Layer_class:parameters() end

---name -> tensor, the saved-but-not-trained included. The tensors share memory with the module.
---@return any ...
function Layer_class:state_dict() end

---Converts all tensors, which become new ones: make optimizers after it. All or none.
---@param dtype any
---@return any ...
function Layer_class:to(dtype) end

---Training mode (the default) and evaluation mode: they differ for dropout.
---@return any ...
function Layer_class:train() end

---Forgets the gradients of all parameters.
---@return any ...
function Layer_class:zero_grad() end

---What sl.optim.SGD, Adam and AdamW make.
---@class sdelua.Optimizer
---@field grad_clip number # The norm that all gradients together keep to; 0: any.
---@field lr number # The learning rate; may be set, as every option of its kind may.
---@field warmup number # The steps over which lr rises.
---@field weight_decay number # How strongly the parameters are drawn to 0.
local Optimizer_class = {}

---Takes what state_dict gave; raises, and changes nothing, where names or shapes differ.
---@param state any
---@return any ...
function Optimizer_class:load_state_dict(state) end

---"step" and tensors such as "exp_avg.1", by parameter number. Options (lr ...) are the script's.
---@return any ...
function Optimizer_class:state_dict() end

---Moves the parameters by their gradients; a norm that is not finite raises and changes nothing.
function Optimizer_class:step() end

---How many steps were made; given n, so many from now on.
---@param n? any
---@return integer
function Optimizer_class:steps(n) end

---Forgets the parameters' gradients.
function Optimizer_class:zero_grad() end

---A mark in the list of tensors: what is made after it goes when it closes.
---@class sdelua.scope
local scope_class = {}

---Drops what was made since the scope began.
function scope_class:close() end

---Hands x outwards: it outlives the scope.
---@param x any
---@return any
function scope_class:keep(x) end

---An array of numbers, channels last, with operators that broadcast, and gradients. sl.tensor { 1, 2 } makes one; sl.randn, sl.zeros … others. x[i] is its i-th part, from 1.
---@class sdelua.tensor
---@field dtype string # "float32", "float64", "int64" or "uint8".
---@field grad sdelua.tensor? # The gradient that backward added up; may be set, to nil also.
---@field is_leaf boolean # Whether it was made by no recorded op.
---@field requires_grad boolean # Whether its gradient is wanted, or that of something it came from.
---@field [integer] any
---@operator add(sdelua.tensor|number): sdelua.tensor
---@operator sub(sdelua.tensor|number): sdelua.tensor
---@operator mul(sdelua.tensor|number): sdelua.tensor
---@operator div(sdelua.tensor|number): sdelua.tensor
---@operator pow(sdelua.tensor|number): sdelua.tensor
---@operator unm: sdelua.tensor
---@operator len: integer
local tensor_class = {}

---|x|; its gradient at 0 is 0.
---@return sdelua.tensor
function tensor_class:abs() end

---In place: |x|; its gradient at 0 is 0.
---@return sdelua.tensor
function tensor_class:abs_() end

---x + y.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:add(y) end

---In place: x + y.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:add_(y) end

---a x + b with numbers a and b, in one pass.
---@param a? number
---@param b? number
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { a?: number, b?: number }): sdelua.tensor
function tensor_class:affine(a, b) end

---In place: a x + b with numbers a and b, in one pass.
---@param a? number
---@param b? number
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { a?: number, b?: number }): sdelua.tensor
function tensor_class:affine_(a, b) end

---Largest element over dims (all by default); equal ones share the gradient.
---@param dims? integer|integer[]
---@param keepdim? boolean
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dims?: integer|integer[], keepdim?: boolean }): sdelua.tensor
---@overload fun(self: sdelua.tensor, dims?: integer|integer[], opts: { keepdim?: boolean }): sdelua.tensor
function tensor_class:amax(dims, keepdim) end

---Smallest element over dims (all by default); equal ones share the gradient.
---@param dims? integer|integer[]
---@param keepdim? boolean
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dims?: integer|integer[], keepdim?: boolean }): sdelua.tensor
---@overload fun(self: sdelua.tensor, dims?: integer|integer[], opts: { keepdim?: boolean }): sdelua.tensor
function tensor_class:amin(dims, keepdim) end

---Position of the first largest element along dim (the last by default), int64.
---@param dim? integer
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dim?: integer }): sdelua.tensor
function tensor_class:argmax(dim) end

---softmax(scale q k^T) v per head: q [b,l,heads*d], k [b,m,heads*d], v [b,m,heads*dv]; scale 0 means 1/sqrt(d).
---@param k sdelua.tensor|number
---@param v sdelua.tensor|number
---@param heads? integer
---@param scale? number
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, k: sdelua.tensor|number, v: sdelua.tensor|number, opts: { heads?: integer, scale?: number }): sdelua.tensor
function tensor_class:attention(k, v, heads, scale) end

---Means over windows of x [n,h,w,c], a stride apart (0: side by side, filling the image); zeros of the padding count.
---@param window? integer|integer[]
---@param stride? integer|integer[]
---@param padding? integer|integer[]
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { window?: integer|integer[], stride?: integer|integer[], padding?: integer|integer[] }): sdelua.tensor
function tensor_class:avg_pool(window, stride, padding) end

---a x + b y, in one pass.
---@param x sdelua.tensor|number
---@param b sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:axpby(x, b, y) end

---Adds the gradients of it to every leaf's grad, and frees the graph.
---@param grad any
---@param opts? { create_graph?: boolean, grad?: any }
function tensor_class:backward(grad, opts) end

---x as another element type; to an integer type it truncates.
---@param dtype string
---@return sdelua.tensor
function tensor_class:cast(dtype) end

---Smallest integer not below x; not differentiable.
---@return sdelua.tensor
function tensor_class:ceil() end

---In place: Smallest integer not below x; not differentiable.
---@return sdelua.tensor
function tensor_class:ceil_() end

---x cut to [lo, hi].
---@param lo? number
---@param hi? number
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { lo?: number, hi?: number }): sdelua.tensor
function tensor_class:clamp(lo, hi) end

---In place: x cut to [lo, hi].
---@param lo? number
---@param hi? number
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { lo?: number, hi?: number }): sdelua.tensor
function tensor_class:clamp_(lo, hi) end

---A copy, recorded for gradients.
---@return sdelua.tensor
function tensor_class:clone() end

---The same values in row-major order.
---@return sdelua.tensor
function tensor_class:contiguous() end

---Convolution with zero padding: x [n,h,w,cin], w [kh,kw,cin/groups,cout], b [cout] or [n,cout]. stride, padding and dilation: one number, or {height, width}. Channel group g of the result sees group g of x.
---@param w sdelua.tensor|number
---@param b? sdelua.tensor|number
---@param stride? integer|integer[]
---@param padding? integer|integer[]
---@param dilation? integer|integer[]
---@param groups? integer
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, w: sdelua.tensor|number, opts: { b?: sdelua.tensor|number, stride?: integer|integer[], padding?: integer|integer[], dilation?: integer|integer[], groups?: integer }): sdelua.tensor
---@overload fun(self: sdelua.tensor, w: sdelua.tensor|number, b?: sdelua.tensor|number, opts: { stride?: integer|integer[], padding?: integer|integer[], dilation?: integer|integer[], groups?: integer }): sdelua.tensor
function tensor_class:conv2d(w, b, stride, padding, dilation, groups) end

---conv2d(x, w, b) + r in one pass; r has the result's shape.
---@param w sdelua.tensor|number
---@param b? sdelua.tensor|number
---@param r sdelua.tensor|number
---@param stride? integer|integer[]
---@param padding? integer|integer[]
---@param dilation? integer|integer[]
---@param groups? integer
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, w: sdelua.tensor|number, opts: { b?: sdelua.tensor|number, r: sdelua.tensor|number, stride?: integer|integer[], padding?: integer|integer[], dilation?: integer|integer[], groups?: integer }): sdelua.tensor
---@overload fun(self: sdelua.tensor, w: sdelua.tensor|number, b?: sdelua.tensor|number, opts: { r: sdelua.tensor|number, stride?: integer|integer[], padding?: integer|integer[], dilation?: integer|integer[], groups?: integer }): sdelua.tensor
---@overload fun(self: sdelua.tensor, w: sdelua.tensor|number, b?: sdelua.tensor|number, r: sdelua.tensor|number, opts: { stride?: integer|integer[], padding?: integer|integer[], dilation?: integer|integer[], groups?: integer }): sdelua.tensor
function tensor_class:conv2d_add(w, b, r, stride, padding, dilation, groups) end

---The transpose of conv2d, its gradient to x: x [n,h,w,cin], w [kh,kw,cout/groups,cin] as of the convolution from cout to cin channels, b [cout] or [n,cout] -> [n,h',w',cout], h' = (h-1) stride - 2 padding + dilation (kh-1) + 1 + output_padding < that + stride.
---@param w sdelua.tensor|number
---@param b? sdelua.tensor|number
---@param stride? integer|integer[]
---@param padding? integer|integer[]
---@param dilation? integer|integer[]
---@param groups? integer
---@param output_padding? integer|integer[]
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, w: sdelua.tensor|number, opts: { b?: sdelua.tensor|number, stride?: integer|integer[], padding?: integer|integer[], dilation?: integer|integer[], groups?: integer, output_padding?: integer|integer[] }): sdelua.tensor
---@overload fun(self: sdelua.tensor, w: sdelua.tensor|number, b?: sdelua.tensor|number, opts: { stride?: integer|integer[], padding?: integer|integer[], dilation?: integer|integer[], groups?: integer, output_padding?: integer|integer[] }): sdelua.tensor
function tensor_class:conv_transpose2d(w, b, stride, padding, dilation, groups, output_padding) end

---Copies x, which broadcasts, into it.
---@param x any
---@return sdelua.tensor
function tensor_class:copy_(x) end

---Cosine of x in radians.
---@return sdelua.tensor
function tensor_class:cos() end

---In place: Cosine of x in radians.
---@return sdelua.tensor
function tensor_class:cos_() end

---Running product along dim (the last by default).
---@param dim? integer
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dim?: integer }): sdelua.tensor
function tensor_class:cumprod(dim) end

---Running sum along dim (the last by default), from the end when reverse.
---@param dim? integer
---@param reverse? boolean
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dim?: integer, reverse?: boolean }): sdelua.tensor
function tensor_class:cumsum(dim, reverse) end

---The same values, apart from the graph.
---@return sdelua.tensor
function tensor_class:detach() end

---How many dimensions it has.
---@return integer
function tensor_class:dim() end

---x / y, of floating types.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:div(y) end

---In place: x / y, of floating types.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:div_(y) end

---Zeroes elements with probability p and scales the others by 1/(1-p); one draw of the training stream.
---@param p? number
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { p?: number }): sdelua.tensor
function tensor_class:dropout(p) end

---x above 0, e^x - 1 below (Clevert et al. 2016).
---@return sdelua.tensor
function tensor_class:elu() end

---In place: x above 0, e^x - 1 below (Clevert et al. 2016).
---@return sdelua.tensor
function tensor_class:elu_() end

---Rows of w [rows,d] for an index of any shape: [..., d].
---@param index sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:embedding(index) end

---x == y, as uint8.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:eq(y) end

---The error function.
---@return sdelua.tensor
function tensor_class:erf() end

---In place: The error function.
---@return sdelua.tensor
function tensor_class:erf_() end

---e^x.
---@return sdelua.tensor
function tensor_class:exp() end

---In place: e^x.
---@return sdelua.tensor
function tensor_class:exp_() end

---Repeated to a larger shape without a copy, as broadcasting does; -1 keeps a size.
---@param shape integer|integer[]
---@return sdelua.tensor
function tensor_class:expand(shape) end

---e^x - 1, accurate near 0.
---@return sdelua.tensor
function tensor_class:expm1() end

---In place: e^x - 1, accurate near 0.
---@return sdelua.tensor
function tensor_class:expm1_() end

---Sets every element to a number.
---@param value any
---@return sdelua.tensor
function tensor_class:fill_(value) end

---x [n,h,w,c], each pixel followed by up - 1 zeros along h and w, padded with zeros (all sides, {before, after} or {top, bottom, left, right}; negative cuts), convolved with filter [kh,kw], every down-th pixel taken: upfirdn2d (Karras et al. 2019, 2020).
---@param filter sdelua.tensor|number
---@param up? integer|integer[]
---@param down? integer|integer[]
---@param padding? integer|integer[]
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, filter: sdelua.tensor|number, opts: { up?: integer|integer[], down?: integer|integer[], padding?: integer|integer[] }): sdelua.tensor
function tensor_class:fir_resample(filter, up, down, padding) end

---In reversed order along dims (all by default).
---@param dims? integer|integer[]
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dims?: integer|integer[] }): sdelua.tensor
function tensor_class:flip(dims) end

---Largest integer not above x; not differentiable.
---@return sdelua.tensor
function tensor_class:floor() end

---In place: Largest integer not above x; not differentiable.
---@return sdelua.tensor
function tensor_class:floor_() end

---y[i][j] = x[index[i][j]][j] for the first dimension, likewise for others; shapes agree off dim.
---@param index sdelua.tensor|number
---@param dim integer
---@return sdelua.tensor
function tensor_class:gather(index, dim) end

---x >= y, as uint8.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:ge(y) end

---x Phi(x) with the normal distribution function, exactly (erf).
---@return sdelua.tensor
function tensor_class:gelu() end

---In place: x Phi(x) with the normal distribution function, exactly (erf).
---@return sdelua.tensor
function tensor_class:gelu_() end

---w (x - mean) / sqrt(var + eps) + b for x [n, ..., c]; mean and variance per sample and group of channels. w and b are [c], or [n,c]: each sample's own.
---@param w? sdelua.tensor|number
---@param b? sdelua.tensor|number
---@param groups integer
---@param eps? number
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { w?: sdelua.tensor|number, b?: sdelua.tensor|number, groups: integer, eps?: number }): sdelua.tensor
---@overload fun(self: sdelua.tensor, w?: sdelua.tensor|number, opts: { b?: sdelua.tensor|number, groups: integer, eps?: number }): sdelua.tensor
---@overload fun(self: sdelua.tensor, w?: sdelua.tensor|number, b?: sdelua.tensor|number, opts: { groups: integer, eps?: number }): sdelua.tensor
---@overload fun(self: sdelua.tensor, w?: sdelua.tensor|number, b?: sdelua.tensor|number, groups: integer, opts: { eps?: number }): sdelua.tensor
function tensor_class:group_norm(w, b, groups, eps) end

---silu(group_norm(x)) in one pass.
---@param w? sdelua.tensor|number
---@param b? sdelua.tensor|number
---@param groups integer
---@param eps? number
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { w?: sdelua.tensor|number, b?: sdelua.tensor|number, groups: integer, eps?: number }): sdelua.tensor
---@overload fun(self: sdelua.tensor, w?: sdelua.tensor|number, opts: { b?: sdelua.tensor|number, groups: integer, eps?: number }): sdelua.tensor
---@overload fun(self: sdelua.tensor, w?: sdelua.tensor|number, b?: sdelua.tensor|number, opts: { groups: integer, eps?: number }): sdelua.tensor
---@overload fun(self: sdelua.tensor, w?: sdelua.tensor|number, b?: sdelua.tensor|number, groups: integer, opts: { eps?: number }): sdelua.tensor
function tensor_class:group_norm_silu(w, b, groups, eps) end

---x > y, as uint8.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:gt(y) end

---Zeros of `size` along dim with the slices of x added at the positions in index: the transpose of index_select.
---@param index sdelua.tensor|number
---@param dim integer
---@param size integer
---@return sdelua.tensor
function tensor_class:index_add(index, dim, size) end

---The slices of x at the positions in index (1-D, int64) along dim (the first by default).
---@param index sdelua.tensor|number
---@param dim? integer
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, index: sdelua.tensor|number, opts: { dim?: integer }): sdelua.tensor
function tensor_class:index_select(index, dim) end

---Whether its elements lie in order with no gaps.
---@return boolean
function tensor_class:is_contiguous() end

---The value of a tensor of one element.
---@return number
function tensor_class:item() end

---w (x - mean) / sqrt(var + eps) + b; mean and variance over the last dimension.
---@param w? sdelua.tensor|number
---@param b? sdelua.tensor|number
---@param eps? number
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { w?: sdelua.tensor|number, b?: sdelua.tensor|number, eps?: number }): sdelua.tensor
---@overload fun(self: sdelua.tensor, w?: sdelua.tensor|number, opts: { b?: sdelua.tensor|number, eps?: number }): sdelua.tensor
---@overload fun(self: sdelua.tensor, w?: sdelua.tensor|number, b?: sdelua.tensor|number, opts: { eps?: number }): sdelua.tensor
function tensor_class:layer_norm(w, b, eps) end

---x <= y, as uint8.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:le(y) end

---x w + b over the last dimension: x [..., in], w [in,out], b [out].
---@param w sdelua.tensor|number
---@param b? sdelua.tensor|number
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, w: sdelua.tensor|number, opts: { b?: sdelua.tensor|number }): sdelua.tensor
function tensor_class:linear(w, b) end

---linear(x, w, b) + r in one pass; r has the result's shape.
---@param w sdelua.tensor|number
---@param b? sdelua.tensor|number
---@param r sdelua.tensor|number
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, w: sdelua.tensor|number, opts: { b?: sdelua.tensor|number, r: sdelua.tensor|number }): sdelua.tensor
---@overload fun(self: sdelua.tensor, w: sdelua.tensor|number, b?: sdelua.tensor|number, opts: { r: sdelua.tensor|number }): sdelua.tensor
function tensor_class:linear_add(w, b, r) end

---y[i] = a[i] y[i-1] + b[i] along dim (the last by default), the first y being the first b; from the end when reverse.
---@param b sdelua.tensor|number
---@param dim? integer
---@param reverse? boolean
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, b: sdelua.tensor|number, opts: { dim?: integer, reverse?: boolean }): sdelua.tensor
function tensor_class:linear_scan(b, dim, reverse) end

---Natural logarithm.
---@return sdelua.tensor
function tensor_class:log() end

---log(1 + x), accurate near 0.
---@return sdelua.tensor
function tensor_class:log1p() end

---In place: log(1 + x), accurate near 0.
---@return sdelua.tensor
function tensor_class:log1p_() end

---In place: Natural logarithm.
---@return sdelua.tensor
function tensor_class:log_() end

---Logarithm of softmax along dim (the last by default), without underflow.
---@param dim? integer
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dim?: integer }): sdelua.tensor
function tensor_class:log_softmax(dim) end

---Logarithm of the sum of e^x along dim (the last by default), without overflow.
---@param dim? integer
---@param keepdim? boolean
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dim?: integer, keepdim?: boolean }): sdelua.tensor
function tensor_class:logsumexp(dim, keepdim) end

---x < y, as uint8.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:lt(y) end

---Matrix product; batch dimensions broadcast; a 1-D x is a row, a 1-D y a column.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:matmul(y) end

---The largest of each window of x [n,h,w,c], windows a stride apart (0: side by side); padding is never the largest. The gradient goes to the first of equal ones.
---@param window? integer|integer[]
---@param stride? integer|integer[]
---@param padding? integer|integer[]
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { window?: integer|integer[], stride?: integer|integer[], padding?: integer|integer[] }): sdelua.tensor
function tensor_class:max_pool(window, stride, padding) end

---The larger of x and y; equal ones share the gradient.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:maximum(y) end

---In place: The larger of x and y; equal ones share the gradient.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:maximum_(y) end

---Mean over dims (all by default).
---@param dims? integer|integer[]
---@param keepdim? boolean
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dims?: integer|integer[], keepdim?: boolean }): sdelua.tensor
---@overload fun(self: sdelua.tensor, dims?: integer|integer[], opts: { keepdim?: boolean }): sdelua.tensor
function tensor_class:mean(dims, keepdim) end

---The smaller of x and y; equal ones share the gradient.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:minimum(y) end

---In place: The smaller of x and y; equal ones share the gradient.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:minimum_(y) end

---x y.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:mul(y) end

---In place: x y.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:mul_(y) end

---`length` positions along dim from `start` on.
---@param dim integer
---@param start integer
---@param length integer
---@return sdelua.tensor
function tensor_class:narrow(dim, start, length) end

---x ~= y, as uint8.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:ne(y) end

----x.
---@return sdelua.tensor
function tensor_class:neg() end

---In place: -x.
---@return sdelua.tensor
function tensor_class:neg_() end

---Euclidean norm over dims (all by default); its gradient at 0 is 0.
---@param dims? integer|integer[]
---@param keepdim? boolean
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dims?: integer|integer[], keepdim?: boolean }): sdelua.tensor
---@overload fun(self: sdelua.tensor, dims?: integer|integer[], opts: { keepdim?: boolean }): sdelua.tensor
function tensor_class:norm(dims, keepdim) end

---How many elements it has.
---@return integer
function tensor_class:numel() end

---`value` put before and after each dimension; negative sizes crop.
---@param before integer|integer[]
---@param after integer|integer[]
---@param value? number
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, before: integer|integer[], after: integer|integer[], opts: { value?: number }): sdelua.tensor
function tensor_class:pad(before, after, value) end

---The dimensions in the order given, or else in reverse.
---@param dims? integer|integer[]
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dims?: integer|integer[] }): sdelua.tensor
function tensor_class:permute(dims) end

---x^y, of floating types; the gradient in y at x = 0 is 0.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:pow(y) end

---In place: x^y, of floating types; the gradient in y at x = 0 is 0.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:pow_(y) end

---1 / x.
---@return sdelua.tensor
function tensor_class:reciprocal() end

---In place: 1 / x.
---@return sdelua.tensor
function tensor_class:reciprocal_() end

---max(x, 0); its gradient at 0 is 0.
---@return sdelua.tensor
function tensor_class:relu() end

---In place: max(x, 0); its gradient at 0 is 0.
---@return sdelua.tensor
function tensor_class:relu_() end

---Marks a leaf as one whose gradient is wanted.
---@param on? any
---@return sdelua.tensor
function tensor_class:requires_grad_(on) end

---The same elements in another shape; one size may be -1.
---@param shape integer|integer[]
---@return sdelua.tensor
function tensor_class:reshape(shape) end

---x [n,h,w,c] to [n,height,width,c] by linear interpolation along both, corner pixels onto corner pixels (align_corners) or edges onto edges; shrinking takes no means.
---@param height integer
---@param width integer
---@param align_corners? boolean
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, height: integer, width: integer, opts: { align_corners?: boolean }): sdelua.tensor
function tensor_class:resize_bilinear(height, width, align_corners) end

---Nearest integer, halves to even; not differentiable.
---@return sdelua.tensor
function tensor_class:round() end

---In place: Nearest integer, halves to even; not differentiable.
---@return sdelua.tensor
function tensor_class:round_() end

---1 / sqrt(x).
---@return sdelua.tensor
function tensor_class:rsqrt() end

---In place: 1 / sqrt(x).
---@return sdelua.tensor
function tensor_class:rsqrt_() end

---Zeros of `size` along dim with each element of x added at its position in index: the transpose of gather.
---@param index sdelua.tensor|number
---@param dim integer
---@param size integer
---@return sdelua.tensor
function tensor_class:scatter_add(index, dim, size) end

---One position along dim, without that dimension.
---@param dim integer
---@param index integer
---@return sdelua.tensor
function tensor_class:select(dim, index) end

---The sizes, as a list; with a dimension, from 1 or -1, that size.
---@return integer[]
---@overload fun(self: sdelua.tensor, dim: any): integer
function tensor_class:shape() end

---1 / (1 + e^-x).
---@return sdelua.tensor
function tensor_class:sigmoid() end

---In place: 1 / (1 + e^-x).
---@return sdelua.tensor
function tensor_class:sigmoid_() end

----1, 0 or 1; not differentiable.
---@return sdelua.tensor
function tensor_class:sign() end

---In place: -1, 0 or 1; not differentiable.
---@return sdelua.tensor
function tensor_class:sign_() end

---x sigmoid(x), also called swish.
---@return sdelua.tensor
function tensor_class:silu() end

---In place: x sigmoid(x), also called swish.
---@return sdelua.tensor
function tensor_class:silu_() end

---Sine of x in radians.
---@return sdelua.tensor
function tensor_class:sin() end

---In place: Sine of x in radians.
---@return sdelua.tensor
function tensor_class:sin_() end

---sin and cos of t f_i with f_i = max_period^(-i/(dim/2-1)), sines first: t [n] -> [n,dim].
---@param dim integer
---@param max_period? number
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, dim: integer, opts: { max_period?: number }): sdelua.tensor
function tensor_class:sinusoidal(dim, max_period) end

---The same as shape.
---@return integer[]
---@overload fun(self: sdelua.tensor, dim: any): integer
function tensor_class:size() end

---e^x divided by its sum along dim (the last by default).
---@param dim? integer
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dim?: integer }): sdelua.tensor
function tensor_class:softmax(dim) end

---log(1 + e^x).
---@return sdelua.tensor
function tensor_class:softplus() end

---In place: log(1 + e^x).
---@return sdelua.tensor
function tensor_class:softplus_() end

---Square root.
---@return sdelua.tensor
function tensor_class:sqrt() end

---In place: Square root.
---@return sdelua.tensor
function tensor_class:sqrt_() end

---x^2.
---@return sdelua.tensor
function tensor_class:square() end

---In place: x^2.
---@return sdelua.tensor
function tensor_class:square_() end

---Without a dimension of size 1.
---@param dim integer
---@return sdelua.tensor
function tensor_class:squeeze(dim) end

---Standard deviation over dims (all by default); unbiased divides by one less than the count.
---@param dims? integer|integer[]
---@param keepdim? boolean
---@param unbiased? boolean
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dims?: integer|integer[], keepdim?: boolean, unbiased?: boolean }): sdelua.tensor
---@overload fun(self: sdelua.tensor, dims?: integer|integer[], opts: { keepdim?: boolean, unbiased?: boolean }): sdelua.tensor
function tensor_class:std(dims, keepdim, unbiased) end

---x - y.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:sub(y) end

---In place: x - y.
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:sub_(y) end

---Sum over dims (all by default); keepdim leaves sizes of 1. uint8 sums to int64.
---@param dims? integer|integer[]
---@param keepdim? boolean
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dims?: integer|integer[], keepdim?: boolean }): sdelua.tensor
---@overload fun(self: sdelua.tensor, dims?: integer|integer[], opts: { keepdim?: boolean }): sdelua.tensor
function tensor_class:sum(dims, keepdim) end

---Adds up what broadcasting the given shape to x's would repeat.
---@param shape integer|integer[]
---@return sdelua.tensor
function tensor_class:sum_to(shape) end

---Hyperbolic tangent.
---@return sdelua.tensor
function tensor_class:tanh() end

---In place: Hyperbolic tangent.
---@return sdelua.tensor
function tensor_class:tanh_() end

---The tensor in that type; itself where it has it.
---@param dtype any
---@return sdelua.tensor
function tensor_class:to(dtype) end

---Nested lists of its values; of one without dimensions a number.
---@return table
function tensor_class:totable() end

---Two dimensions exchanged, by default the last two.
---@param dim1? integer
---@param dim2? integer
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dim1?: integer, dim2?: integer }): sdelua.tensor
function tensor_class:transpose(dim1, dim2) end

---With a dimension of size 1 put in at dim.
---@param dim integer
---@return sdelua.tensor
function tensor_class:unsqueeze(dim) end

---Every pixel of x [n,h,w,c] repeated factor times along h and w (nearest neighbour).
---@param factor? integer
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { factor?: integer }): sdelua.tensor
function tensor_class:upsample(factor) end

---Variance over dims (all by default); unbiased divides by one less than the count.
---@param dims? integer|integer[]
---@param keepdim? boolean
---@param unbiased? boolean
---@return sdelua.tensor
---@overload fun(self: sdelua.tensor, opts: { dims?: integer|integer[], keepdim?: boolean, unbiased?: boolean }): sdelua.tensor
---@overload fun(self: sdelua.tensor, dims?: integer|integer[], opts: { keepdim?: boolean, unbiased?: boolean }): sdelua.tensor
function tensor_class:var(dims, keepdim, unbiased) end

---x where cond (uint8) is not 0, else y.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function tensor_class:where(x, y) end

---Things that come one a file: samplers, processes, objectives.
---@class sdelua.collection.Collection
---@overload fun(...): ...
local collection_Collection_class = {}

---The row called `name`, or by an alias; or nil.
---@param name any
---@return any ...
function collection_Collection_class:find(name) end

---All names, in order.
---@return any ...
function collection_Collection_class:names() end

---for name, row in collection:each() do … end, in order of the names.
---@return any ...
function collection_Collection_class:each() end

---Makes `room` that of the collection: room.<name> is make(row), made at first use; room.list() gives for each row a table of name and the other `columns`, which prints as those; completion knows the names. fact(row, column), where given, stands for row[column].
---@param room any
---@param columns any
---@param make any
---@param fact any
---@return any ...
function collection_Collection_class:open(room, columns, make, fact) end

---data.from(path): what a path holds, told by its first bytes, its folder's files and last by its name.
---@class sdelua.data.Set
---@overload fun(...): ...
local data_Set_class = {}

---Batches for training, in a seeded order.
---@class sdelua.data.Loader
---@overload fun(...): ...
local data_Loader_class = {}

---Goes on after the first `seen` samples of the endless order.
---@param seen any
---@return any ...
function data_Loader_class:seek(seen) end

---A score with guidance: called as scores are, with exchange(x, t, rows) -> x0, eps as well.
---@class sdelua.guidance.Guided
---@overload fun(...): ...
local guidance_Guided_class = {}

---x0 and eps of the guided score at (x, t), for samplers that ask for both.
---@param x any
---@param t any
---@param rows any
---@return any ...
function guidance_Guided_class:exchange(x, t, rows) end

---A score with guidance: called as scores are, with exchange(x, t, rows) -> x0, eps as well.
---@class sdelua.guidance.At
---@overload fun(...): ...
local guidance_At_class = {}

---x0 and eps as the score has them at x, once.
---@return any ...
function guidance_At_class:pair() end

---x0 alone: E[x_0 | x_t] as the score has it at x.
---@return any ...
function guidance_At_class:denoised() end

---uint8 [n]: which samples are at a noise level of the interval; nil: all of them.
---@return any ...
function guidance_At_class:within() end

---Measurements y = A(x) + std n, with n unit normal: what a row of sdelua/inverse/operators, or a table of your own, becomes.
---@class sdelua.inverse.Operator
---@field linear boolean # Whether it is.
---@field measured table # The shape of one y.
---@field measured_size integer # How many values a y has.
---@field name string # That of its row.
---@field shape table # That of one x.
---@field size integer # How many values an x has.
---@field std number # The standard deviation of y's noise.
---@overload fun(...): ...
local inverse_Operator_class = {}

---Raise in the name of `who` unless y is [N, measured], and x, which is `what`, [N, shape].
---@param who any
---@param y any
---@return any ...
function inverse_Operator_class:check_measured(who, y) end

---Raise in the name of `who` unless y is [N, measured], and x, which is `what`, [N, shape].
---@param who any
---@param what any
---@param x any
---@return any ...
function inverse_Operator_class:check_like(who, what, x) end

---A(x) [N, measured] for x [N, shape].
---@param x any
---@return any ...
function inverse_Operator_class:apply(x) end

---A(x) + std n. Options of sl.noise: seed, first and index, or noise.
---@param x any
---@param opts? table
---@return any ...
function inverse_Operator_class:measure(x, opts) end

---A^T y [N, shape].
---@param y any
---@return any ...
function inverse_Operator_class:adjoint(y) end

---A^+ y [N, shape]: of all x that fit y best, the one nearest to 0; some operators that are not linear have an x of their own that fits.
---@param y any
---@return any ...
function inverse_Operator_class:pinv(y) end

---A as a matrix [measured_size, size], float64.
---@return any ...
function inverse_Operator_class:matrix() end

---The singular values [D], zeros included; those below 1e-6 of the largest count as zeros.
---@param dtype any
---@return any ...
function inverse_Operator_class:singular(dtype) end

---1/s where s > 0, else 0.
---@param dtype any
---@return any ...
function inverse_Operator_class:inverse_singular(dtype) end

---The coordinates V^T x [N,D] of x, and x from them.
---@param x any
---@return any ...
function inverse_Operator_class:Vt(x) end

---x from its coordinates c [N,D] in V.
---@param c any
---@return any ...
function inverse_Operator_class:V(c) end

---The coordinates U^T y [N,D] of y.
---@param y any
---@return any ...
function inverse_Operator_class:Ut(y) end

---Images [N,h,w,c] in [-1,1] that show what y [N, measured] tells: y itself where it is as large as x, else A^+ y.
---@param y any
---@return any ...
function inverse_Operator_class:picture(y) end

---Dequantization of integer data: noise u on [0, 1) is added, and what it costs in likelihood is known.
---@class sdelua.loss.Dequantizer
---@overload fun(...): ...
local loss_Dequantizer_class = {}

---Gathers the manual's entries (sdelua/manual/init.lua says what one holds): each method adds one, or all of a kind.
---@class sdelua.manual.Book
---@overload fun(...): ...
local manual_Book_class = {}

---Adds an entry, and gives it back.
---@param entry any
---@return any ...
function manual_Book_class:add(entry) end

---Adds a function: of the core as sdelua/manual/core.lua says, else with the comment above it.
---@param name any
---@param f any
---@param kind any
---@return any ...
function manual_Book_class:add_function(name, f, kind) end

---Adds an op from its line.
---@param name any
---@param line any
---@return any ...
function manual_Book_class:add_op(name, line) end

---Adds a kind of layer from its row.
---@param name any
---@param row any
---@return any ...
function manual_Book_class:add_layer(name, row) end

---Adds a class of modules.
---@param name any
---@param class any
---@return any ...
function manual_Book_class:add_module(name, class) end

---Adds the functions of a class that are called without an object of it: "train.Trainer.new".
---@param class_name any
---@param class any
---@return any ...
function manual_Book_class:add_makers(class_name, class) end

---Adds what a room has under a name, and what is in that.
---@param room any
---@param name any
---@param value any
---@return any ...
function manual_Book_class:add_member(room, name, value) end

---Adds a room and what it holds.
---@param name any
---@param value any
---@return any ...
function manual_Book_class:add_room(name, value) end

---Adds the rows of all collections.
---@return any ...
function manual_Book_class:add_rows() end

---Adds the classes of the core, and those of every Lua file.
---@return any ...
function manual_Book_class:add_classes() end

---What metrics share: arguments, resamples as weights, pairs in pieces, results.
---@class sdelua.metrics.Metric
---@overload fun(...): ...
local metrics_Metric_class = {}

---sl.metrics.features: features of small images, from a classifier trained here.
---@class sdelua.metrics.Features
---@overload fun(...): ...
local metrics_Features_class = {}

---The class (from 0) that the network takes each image to be, int64 [n].
---@param x any
---@return any ...
function metrics_Features_class:classify(x) end

---Share of the images whose class is the label, from 0.
---@param x any
---@param labels any
---@return any ...
function metrics_Features_class:score(x, labels) end

---Mixtures of Gaussians, whose noised densities and scores are known at every time, and so is what a linear measurement says of their samples.
---@class sdelua.metrics.Mixture
---@field dim integer # How many values a sample has.
---@field means sdelua.tensor # [1,K,D] or [N,K,D].
---@field shape table # That of one sample.
---@field weights sdelua.tensor # [1,K], or [N,K] of what N measurements say.
---@overload fun(...): ...
local metrics_Mixture_class = {}

---log p(x) [n] of the mixture itself; given process and t, log p_t(x).
---@param x any
---@param process any
---@param t any
---@return any ...
function metrics_Mixture_class:logp(x, process, t) end

---grad log p_t(x) as a score (x, t, rows) for an affine process.
---@param process any
---@return any ...
function metrics_Mixture_class:score(process) end

---E x [rows, D].
---@return any ...
function metrics_Mixture_class:mean() end

---Covariance of component k, [D,D].
---@param k any
---@return any ...
function metrics_Mixture_class:component_covariance(k) end

---Covariance of x, [rows, D, D].
---@return any ...
function metrics_Mixture_class:covariance() end

---The mixture of x given measurements y [N, measured] that a linear operator of sl.inverse made: N rows.
---@param operator any
---@param y any
---@return any ...
function metrics_Mixture_class:posterior(operator, y) end

---n samples [n, shape], of a posterior one of each row: { seed = 0, first = 0, dtype = "float32" }; sample i depends on seed and first + i alone.
---@param n any
---@param opts? table
---@return any ...
function metrics_Mixture_class:sample(n, opts) end

---Weights published for PyTorch: a state dict in a safetensors file, which sl.load reads as name -> tensor, into a network here.
---@class sdelua.nn.Names
---@overload fun(...): ...
local nn_Names_class = {}

---The tensor `ours` is how(the tensor `theirs`).
---@param ours any
---@param theirs any
---@param how any
---@return any ...
function nn_Names_class:add(ours, theirs, how) end

---score_sde's NIN: W [in,out], b.
---@param ours any
---@param theirs any
---@return any ...
function nn_Names_class:nin(ours, theirs) end

---Their state by bare names, without what holds nothing to load.
---@param theirs any
---@return any ...
function nn_Names_class:strip(theirs) end

---A state of ours (name -> tensor) from one of theirs, and a list of the names there that nothing here asks for. `mine` are our tensors by name: rows for others are left out.
---@param who any
---@param mine any
---@param theirs any
---@return any ...
function nn_Names_class:state(who, mine, theirs) end

---How score_sde's networks name their weights (see sdelua/nn/import.lua): all_modules.<number>, in the order in which the modules are made.
---@class sdelua.nn.Counter
---@overload fun(...): ...
local nn_Counter_class = {}

---The next module's name.
---@return any ...
function nn_Counter_class:next() end

---The next module is a residual block.
---@param ours any
---@param o? table
---@return any ...
function nn_Counter_class:block(ours, o) end

---… attention.
---@param ours any
---@return any ...
function nn_Counter_class:attention(ours) end

---… a linear layer, a convolution, a group norm; below it under the name `inner`, if there is one.
---@param ours any
---@param inner any
---@return any ...
function nn_Counter_class:linear(ours, inner) end

---… a linear layer, a convolution, a group norm; below it under the name `inner`, if there is one.
---@param ours any
---@param inner any
---@return any ...
function nn_Counter_class:conv(ours, inner) end

---… a linear layer, a convolution, a group norm; below it under the name `inner`, if there is one.
---@param ours any
---@return any ...
function nn_Counter_class:norm(ours) end

---sl.noise { seed =, first = 0, index = }: unit normals for samplers, a stream of numbered draws, and a Brownian path.
---@class sdelua.noise.Noise
---@overload fun(...): ...
local noise_Noise_class = {}

---Draw `number` (from 1) as a tensor of that shape.
---@param shape any
---@param number any
---@param dtype any
---@return any ...
function noise_Noise_class:normal(shape, number, dtype) end

---W_b - W_a of one Brownian path an element, of times in [0, 2^63), and its space-time Levy area H ~ N(0, |b - a|/12) (see sl_noise_increment in include/sdelua/solve.h): the same path whatever intervals are asked for, and in whatever order. a and b are numbers, or tensors [N] where each sample has its own interval. Costs some 150 normals an element; few between short dyadic numbers.
---@param shape any
---@param a any
---@param b any
---@param dtype any
---@return any ...
function noise_Noise_class:increment(shape, a, b, dtype) end

---(W_b - W_a)/sqrt|b - a|.
---@param shape any
---@param a any
---@param b any
---@param dtype any
---@return any ...
function noise_Noise_class:brownian(shape, a, b, dtype) end

---The source of the samples at some places (a list, from 1) of a batch, whose others have left.
---@param places any
---@return any ...
function noise_Noise_class:only(places) end

---The frame of a plot on a canvas: where data are in it, and its ticks. axes.canvas is the canvas (see sl.draw), axes.box the frame, { x, y, width, height }, axes.x and axes.y the dimensions: { scale =, lo =, hi = }, the limits as the scale's forward gives them.
---@class sdelua.plot.Axes
---@overload fun(...): ...
local plot_Axes_class = {}

---Where on the canvas points [...,2] of data are.
---@param points any
---@return any ...
function plot_Axes_class:place(points) end

---The data at the places of a lattice that spans the frame: [rows * columns, 2], row by row from the top, and, with `inner`, in the middles of its cells rather than at the corners; of the default type.
---@param columns any
---@param rows any
---@param inner any
---@return any ...
function plot_Axes_class:lattice(columns, rows, inner) end

---Columns and rows of a lattice of about n to a side, whose cells are as near squares as goes.
---@param n any
---@return any ...
function plot_Axes_class:cells(n) end

---A plot: layers over each other in one frame. figure:<layer>(…, options) adds what sdelua/plot/layers/<layer>.lua describes, and gives the figure again; sl.plot.list() prints the layers.
---@class sdelua.plot.Figure
---@overload fun(...): ...
local plot_Figure_class = {}

---p:band(x, low, high): the area between two curves, lists of numbers or tensors [n]; where one is not finite there is a gap. In the colour of the layer before, unless told.
---@param x any
---@param low any
---@param high any
---@param opts? table
---@return sdelua.plot.Figure
function plot_Figure_class:band(x, low, high, opts) end

---p:contour(f): lines of equal f(points [n,2]) -> [n]. levels: how many, evenly between the least and the largest value, or a list; with labels, each line's level is on it.
---@param f any
---@param opts? table
---@return sdelua.plot.Figure
function plot_Figure_class:contour(f, opts) end

---p:density(f): colours of f(points [n,2]) -> [n] over what the plot shows, at n = 200 places along the longer side. range = { lo, hi }: the values of the first colour and the last; colorbar: true, or words along it.
---@param f any
---@param opts? table
---@return sdelua.plot.Figure
function plot_Figure_class:density(f, opts) end

---p:hist(values): how many of the values, a list or a tensor of any shape, fall into each of `bins` equal parts of their range; with density, that over all and the part's width, so that the area is 1. Those that are not finite are left out.
---@param values any
---@param opts? table
---@return sdelua.plot.Figure
function plot_Figure_class:hist(values, opts) end

---p:hist2d(points): how many of the points [n,2] fall into each of the cells, as a colour; bins along the longer side of what the plot shows; colorbar: true, or words along it.
---@param points any
---@param opts? table
---@return sdelua.plot.Figure
function plot_Figure_class:hist2d(points, opts) end

---p:image(img): a picture [H,W,C], uint8 or floats in [-1,1], C = 1, 3 or 4, from xrange = { 0, W } and yrange = { 0, H } of the data; with smooth, without seeing its pixels.
---@param img any
---@param opts? table
---@return sdelua.plot.Figure
function plot_Figure_class:image(img, opts) end

---p:line(x, y): a line through the points (x[i], y[i]), two lists of numbers or tensors [n]; one that is not finite breaks it. dash: a list of lengths, on and off in turn; with marks, a disc at each point.
---@param x any
---@param y any
---@param opts? table
---@return sdelua.plot.Figure
function plot_Figure_class:line(x, y, opts) end

---p:paths(x): n trajectories [steps,n,2], each a line; with ends, a ring where it begins and a disc where it ends.
---@param x any
---@param opts? table
---@return sdelua.plot.Figure
function plot_Figure_class:paths(x, opts) end

---p:scatter(points): a disc at each of the points [n,2]. Radius and opacity are less the more points there are.
---@param points any
---@param opts? table
---@return sdelua.plot.Figure
function plot_Figure_class:scatter(points, opts) end

---p:text(x, y, words): words at a place of the data; anchor: "left", "middle" or "right", what of them is there; angle in degrees, against the clock. Black, unless told.
---@param x any
---@param y any
---@param words any
---@param opts? table
---@return sdelua.plot.Figure
function plot_Figure_class:text(x, y, words, opts) end

---p:vectors(f): arrows of f(points [n,2]) -> [n,2], n along the longer side of what the plot shows. Their lengths are those of f to the power `power` (1: in proportion; 0: all alike), the longest one cell.
---@param f any
---@param opts? table
---@return sdelua.plot.Figure
function plot_Figure_class:vectors(f, opts) end

---Its width and height, in points; canvas is there to measure words.
---@param canvas any
---@return any ...
function plot_Figure_class:size(canvas) end

---Draws it into that rectangle of the canvas.
---@param canvas any
---@param x any
---@param y any
---@param width any
---@param height any
---@return any ...
function plot_Figure_class:paint(canvas, x, y, width, height) end

---Writes it to a file, PNG, SVG or PDF by the ending; gives the figure. Options: scale = 1, dots of a PNG to a point.
---@param path any
---@param opts? table
---@return any ...
function plot_Figure_class:save(path, opts) end

---uint8 [H,W,3]: the picture. Options: scale = 1, dots to a point.
---@param opts? table
---@return any ...
function plot_Figure_class:render(opts) end

---Plots beside one another.
---@class sdelua.plot.Grid
---@overload fun(...): ...
local plot_Grid_class = {}

---Its width and height, in points: a column is as wide as its widest plot, a row as high as its highest.
---@param canvas any
---@return any ...
function plot_Grid_class:size(canvas) end

---Draws the plots from that corner of the canvas, after size.
---@param canvas any
---@param x any
---@param y any
---@param width any
---@return any ...
function plot_Grid_class:paint(canvas, x, y, width) end

---Writes it to a file, PNG, SVG or PDF by the ending; gives the grid. Options: scale = 1, dots of a PNG to a point.
---@param path any
---@param opts? table
---@return any ...
function plot_Grid_class:save(path, opts) end

---uint8 [H,W,3]: the picture. Options: scale = 1, dots to a point.
---@param opts? table
---@return any ...
function plot_Grid_class:render(opts) end

---Samplers of p(x | y), y a measurement of x: what a row of sdelua/posterior/methods becomes.
---@class sdelua.posterior.Posterior
---@field name string # That of its row.
---@field options table # Those given, and the defaults of the others.
---@overload fun(...): ...
local posterior_Posterior_class = {}

---Why this method can't serve an operator, or nil.
---@param operator any
---@return any ...
function posterior_Posterior_class:refuses(operator) end

---Samplers of p(x | y), y a measurement of x: what a row of sdelua/posterior/methods becomes.
---@class sdelua.posterior.Conditional
---@overload fun(...): ...
local posterior_Conditional_class = {}

---x0 and eps of the conditional score at (x, t), for samplers that ask for both.
---@param x any
---@param t any
---@param rows any
---@return any ...
function posterior_Conditional_class:exchange(x, t, rows) end

---for step, bar in sl.progress(n) do ... bar:set { loss = loss:item() } end
---@class sdelua.progress.Bar
---@overload fun(...): ...
local progress_Bar_class = {}

---Sets values to show beside the bar, numbers or strings; they stay until set again.
---@param values any
---@return any ...
function progress_Bar_class:set(values) end

---For steps that take long: how much of the one under way is done, from 0 to 1.
---@param share any
---@return any ...
function progress_Bar_class:inside(share) end

---Preconditioned denoisers (Karras et al. 2022, eq. 7 and table 1): with x scaled to signal 1 and noise of std sigma,
---@class sdelua.sde.Precondition
---@overload fun(...): ...
local sde_Precondition_class = {}

---D(x; sigma) of the network F for x [N, ...], sigma [N]; F is given what else there is, such as labels of classes. A network with more channels than x has, as iDDPM's which also predicts a variance, gives its first.
---@param net any
---@param x any
---@param sigma any
---@param ... any
---@return any ...
function sde_Precondition_class:denoised(net, x, sigma, ...) end

---D(x; sigma) of F, what the network says there.
---@param F any
---@param x any
---@param sigma any
---@return any ...
function sde_Precondition_class:denoiser(F, x, sigma) end

---What F has to say at (x; sigma) for the denoiser to say D: the inverse of denoiser.
---@param D any
---@param x any
---@param sigma any
---@return any ...
function sde_Precondition_class:output(D, x, sigma) end

---What a process does. t is a number or a tensor [N]; x is [N, ...]; what methods return broadcasts against x.
---@class sdelua.sde.Process
---@field T number # The time at which all is noise.
---@field eps table # The times { train =, sample =, likelihood = } at which the way to the data ends.
---@field name string # "VP", "VE", … or "define".
---@field options table? # Of a process that sl.sde has by name: those given, and the defaults of the others.
---@field tier string # "affine", "affine (probed)", "general" or, before its first use, "general (unprobed)".
---@overload fun(...): ...
local sde_Process_class = {}

---Whether x_T still knows x_0, m_T > 0: else no score and no prediction of the noise at T says where x_0 is.
---@return any ...
function sde_Process_class:has_signal() end

---The drift f(x, t) of dx = f dt + G dw.
---@param x any
---@param t any
---@return any ...
function sde_Process_class:drift(x, t) end

---The diffusion G(x, t) of dx = f dt + G dw, of the declared noise type.
---@param x any
---@param t any
---@return any ...
function sde_Process_class:diffusion(x, t) end

---Mean and standard deviation of x_t given x_0 = x.
---@param x any
---@param t any
---@return any ...
function sde_Process_class:marginal_prob(x, t) end

---x_t from x_0 and unit normal z.
---@param x0 any
---@param t any
---@param z any
---@return any ...
function sde_Process_class:perturb(x0, t, z) end

---The numbers { m =, c =, s =, a =, b =, g =, sigma = s/m } at time t, where all features have the same; where they differ, process:coefficient says them.
---@param t any
---@return any ...
function sde_Process_class:point(t) end

---The time in [0, T] at which s/m is sigma (Karras et al. 2022, where the schedule is sigma itself); 0 or T for a sigma out of reach.
---@param sigma any
---@return any ...
function sde_Process_class:time(sigma) end

---A plot of m and s over time, each feature's where they differ: p:schedule():save "schedule.png". With data x0, which a process needs that has not been used yet, of m std(x0) and s: see sdelua/sde/schedule.lua.
---@param x0 any
---@return any ...
function sde_Process_class:schedule(x0) end

---One of "m", "c", "s", their derivatives "dm", "dc", "ds", "a", "b", "g", or "importance" (g^2/s^2).
---@param name any
---@param x any
---@param t any
---@return any ...
function sde_Process_class:coefficient(name, x, t) end

---Draws of the prior: options of sl.noise (seed, first, index), or noise =, and dtype.
---@param shape any
---@param opts? table
---@return any ...
function sde_Process_class:prior_sampling(shape, opts) end

---log density [N] of the prior at z.
---@param z any
---@return any ...
function sde_Process_class:prior_logp(z) end

---f and G of the exact step of T/n that ends in t; { levels = "paper" } takes the papers' tables.
---@param x any
---@param t any
---@param n any
---@param opts? table
---@return any ...
function sde_Process_class:discretize(x, t, n, opts) end

---The papers' tables with n levels: float64 tensors A, v and, following from them, m and s.
---@param n any
---@return any ...
function sde_Process_class:levels(n) end

---The reverse process for a score: { probability_flow = true }, or { noise = lambda } between the flow (0) and the SDE (1).
---@param score any
---@param opts? table
---@return any ...
function sde_Process_class:reverse(score, opts) end

---The score of a network: { parameterization = "noise" (or score, x0, v, velocity, energy, F), label =, precondition = } (see sdelua/sde/precondition.lua).
---@param net any
---@param opts? table
---@return any ...
function sde_Process_class:score(net, opts) end

---E[x_0 | x_t] as a function (x, t), from any score.
---@param score any
---@return any ...
function sde_Process_class:denoiser(score) end

---A prediction y at (x, t) of the kind `from` ("noise", "score", "x0", "v", "velocity", "F") as one of the kind `to`; with F comes { precondition = }, as process:score takes it.
---@param x any
---@param t any
---@param y any
---@param from any
---@param to any
---@param opts? table
---@return any ...
function sde_Process_class:convert(x, t, y, from, to, opts) end

---The process itself, forwards from x0: see sdelua/sde/simulate.lua.
---@param x0 any
---@param opts? table
---@return any ...
function sde_Process_class:simulate(x0, opts) end

---m' x0 + c' + s' eps: the probability flow in exchange form.
---@param x0 any
---@param t any
---@param eps any
---@return any ...
function sde_Process_class:velocity(x0, t, eps) end

---E[x_r | x_t = x, x_0 = x0] for numbers r < t.
---@param x any
---@param t any
---@param r any
---@param x0 any
---@return any ...
function sde_Process_class:posterior_mean(x, t, r, x0) end

---Times whose share of the likelihood weight's integral over [eps, T] is u.
---@param u any
---@param eps any
---@return any ...
function sde_Process_class:importance_time(u, eps) end

---A process run backwards with a score (Anderson 1982; Song et al. 2021, eq. 6, 13): the same times, dt < 0.
---@class sdelua.sde.Reverse
---@overload fun(...): ...
local sde_Reverse_class = {}

---The drift at (x, t), as dt < 0 takes it.
---@param x any
---@param t any
---@return any ...
function sde_Reverse_class:drift(x, t) end

---The diffusion at (x, t): that of the process times `noise`.
---@param x any
---@param t any
---@return any ...
function sde_Reverse_class:diffusion(x, t) end

---f and G of a step: x_r = x - f + G z.
---@param x any
---@param t any
---@param n any
---@param opts? table
---@return any ...
function sde_Reverse_class:discretize(x, t, n, opts) end

---The score of a network, whatever the network predicts.
---@class sdelua.sde.Score
---@field log_prob function? # Of the score of an energy E: (x, t) -> -E [N].
---@field net any # The network, or the function in its place.
---@field parameterization string # What the network says: "noise", "x0", "v" …
---@field process sdelua.sde.Process # That of which it is the score.
---@overload fun(...): ...
local sde_Score_class = {}

---What the network says at (x, t): a score for an energy and x0 for F, else as it is; and t as a tensor [N].
---@param x any
---@param t any
---@param rows any
---@return any ...
function sde_Score_class:output(x, t, rows) end

---x0 and eps, both as the network has them at (x, t).
---@param x any
---@param t any
---@param rows any
---@return any ...
function sde_Score_class:exchange(x, t, rows) end

---The noise in x = m x0 + s eps at levels that have m and s of their own, at = { m =, s = } like columns of x; the network is told the times t [N] that they are nearest to. `who` names the asking function in errors.
---@param who any
---@param x any
---@param t any
---@param at any
---@return any ...
function sde_Score_class:noise_on_levels(who, x, t, at) end

---The score given a class: of the same network, which is handed the labels as its third argument. A number stands for all samples; a list, int64 [N] or one-hot [N,K] says each sample's own; classes count from 0, -1 is none. Without labels: the score of no class. `who` names the asking function in errors.
---@param classes any
---@param who any
---@return any ...
function sde_Score_class:given(classes, who) end

---The network's parameters.
---@return any ...
function sde_Score_class:parameters() end

---A single step of DPM-Solver along a line: from sigma down by h in lambda, places between as shares r of h. sigma and h are numbers, or lists with one for each sample.
---@class sdelua.solve.Line
---@overload fun(...): ...
local solve_Line_class = {}

---sigma at the place r.
---@param r any
---@return any ...
function solve_Line_class:at(r) end

---The state at the place r, from y at 0 and the values f at the nodes.
---@param y any
---@param r any
---@param f any
---@param nodes any
---@param kind any
---@return any ...
function solve_Line_class:advance(y, r, f, nodes, kind) end

---What the network says at the place r.
---@param y any
---@param r any
---@return any ...
function solve_Line_class:model(y, r) end

---DPM-Solver-1, -2 or -3 over the whole line (Lu et al. 2022a, section 3.2 and appendix C; 2022b). f holds what is known of the values at 0, r1, r2, and receives the others.
---@param y any
---@param order any
---@param kind any
---@param f any
---@param r1 any
---@param r2 any
---@return any ...
function solve_Line_class:step(y, order, kind, f, r1, r2) end

---The same with the papers' nodes.
---@param y any
---@param order any
---@param kind any
---@return any ...
function solve_Line_class:whole(y, order, kind) end

---The states of order - 1 and order, 2 or 3, with the same nodes: the lower one costs no evaluation more.
---@param y any
---@param order any
---@param kind any
---@return any ...
function solve_Line_class:pair(y, order, kind) end

---A batch whose samples leave as they arrive: which are on their way, and the whole batch again.
---@class sdelua.solve.Leaving
---@overload fun(...): ...
local solve_Leaving_class = {}

---Lets go of those of x [n, ...] whose rows are in `leaving`; `staying`: the others' rows. Returns the others' x.
---@param x any
---@param staying any
---@param leaving any
---@return any ...
function solve_Leaving_class:part(x, staying, leaving) end

---All samples, each in its place: x of those on their way, and the others where they ended.
---@param x any
---@return any ...
function solve_Leaving_class:whole(x) end

---What a sampler in Lua works with: one call of it, from the first step to the last.
---@class sdelua.solve.Run
---@overload fun(...): ...
local solve_Run_class = {}

---grad log p_t(x); t a number or [N]. Every evaluation is counted.
---@param x any
---@param t any
---@return any ...
function solve_Run_class:score(x, t) end

---x0 and eps, as the network has them or, then, `correct`
---@param x any
---@param t any
---@return any ...
function solve_Run_class:exchange(x, t) end

---The state of the process at noise ratio sigma, from x in the space of sigma; and the time.
---@param x any
---@param sigma any
---@return any ...
function solve_Run_class:to_process(x, sigma) end

---The state in the space of sigma, from x of the process at time t.
---@param x any
---@param t any
---@return any ...
function solve_Run_class:from_process(x, t) end

---x0 for x in the space of sigma; sigma a number, or a list of each sample's own
---@param x any
---@param sigma any
---@return any ...
function solve_Run_class:denoised(x, sigma) end

---eps for such an x
---@param x any
---@param sigma any
---@return any ...
function solve_Run_class:predicted_noise(x, sigma) end

---The standard deviation of x_r given x_t and x_0, of this step unless told.
---@param t any
---@param r any
---@return any ...
function solve_Run_class:posterior_std(t, r) end

---the next draw of unit normals, like x
---@param shape any
---@return any ...
function solve_Run_class:normal(shape) end

---the state and sigma after fresh noise: S_churn, S_tmin, S_tmax, S_noise
---@param o? table
---@param x any
---@param sigma any
---@return any ...
function solve_Run_class:churned(o, x, sigma) end

---the path's W_b - W_a and its space-time Levy area (see sl.noise); a and b are numbers or tensors [N]
---@param a any
---@param b any
---@param shape any
---@return any ...
function solve_Run_class:increment(a, b, shape) end

---(W_b - W_a)/sqrt|b - a| like x, of one path whatever the intervals
---@param a any
---@param b any
---@return any ...
function solve_Run_class:brownian(a, b) end

---Hands a step's state on to whoever watches.
---@param state any
---@return any ...
function solve_Run_class:see(state) end

---for a sampler that owns its loop: x of the whole batch goes to the callback and the trajectory; t a number, or a list of each sample's own; in the space of sigma, sigma stands for t
---@param x any
---@param t any
---@return any ...
function solve_Run_class:report(x, t) end

---Samplers: what a row of sdelua/solve/samplers, or a table of your own, becomes.
---@class sdelua.solve.Solver
---@field cost number? # Evaluations of the score in a step.
---@field name string # That of its row.
---@field options table # Those given, and the defaults of the others.
---@field order number? # Of convergence as the step shrinks: strong where it draws noise.
---@overload fun(...): ...
local solve_Solver_class = {}

---Samples: what calling it does (see sl.solve). Options: seed, first, index, noise, x, from, dtype, callback, trajectory. fields, where given, are more for run to have.
---@param process any
---@param score any
---@param shape any
---@param opts? table
---@param fields any
---@return any ...
function solve_Solver_class:sample(process, score, shape, opts, fields) end

---What a call lets be seen on its way: its callback, and its trajectory.
---@class sdelua.solve.Watch
---@overload fun(...): ...
local solve_Watch_class = {}

---x at time t is where the way begins.
---@param x any
---@param t any
---@return any ...
function solve_Watch_class:begin(x, t) end

---After a stage: hands the state on (see sl.solve for what it says).
---@param state any
---@return any ...
function solve_Watch_class:see(state) end

---The trajectory and its times for info. It ends with x, the result: the last state without its last noise, or, of one more evaluation, the data expected from it.
---@param x any
---@param more any
---@return any ...
function solve_Watch_class:close(x, more) end

---Classifiers of images: trained on images as they are, or with a process on noised ones, for guidance.
---@class sdelua.train.Classifier
---@overload fun(...): ...
local train_Classifier_class = {}

---The same classifier of images that another process noised; of a clean one itself.
---@param process any
---@return any ...
function train_Classifier_class:under(process) end

---Features [n,D], the layer before the last.
---@param x any
---@param t any
---@return any ...
function train_Classifier_class:features(x, t) end

---The class (from 0) that the network takes each image to be, int64 [n].
---@param x any
---@param t any
---@return any ...
function train_Classifier_class:classify(x, t) end

---Share of the images whose class is the label, from 0.
---@param x any
---@param labels any
---@param t any
---@return any ...
function train_Classifier_class:score(x, labels, t) end

---The same of noised images x_t, with the noise of seed 0.
---@param x any
---@param labels any
---@param t any
---@return any ...
function train_Classifier_class:noisy_score(x, labels, t) end

---Writes it into one safetensors file, which classifier.load reads without running code.
---@param path any
---@return any ...
function train_Classifier_class:save(path) end

---Classifiers of images: trained on images as they are, or with a process on noised ones, for guidance.
---@class sdelua.train.Fit
---@overload fun(...): ...
local train_Fit_class = {}

---One step of training; returns the loss.
---@return any ...
function train_Fit_class:step() end

---TensorBoard's event files: records of a length, a checksum of it, the data and a checksum of that, each datum a protobuf message Event of TensorFlow's event.proto.
---@class sdelua.train.Events
---@overload fun(...): ...
local train_Events_class = {}

---Appends the numbers of a table as scalars of its field step.
---@param record any
---@return any ...
function train_Events_class:log(record) end

---Appends a picture, the bytes of a PNG file.
---@param step any
---@param tag any
---@param png any
---@return any ...
function train_Events_class:image(step, tag, png) end

---Ends the file. No more is written; what was written is in the file already.
---@return any ...
function train_Events_class:close() end

---The folder of a run: config.json (what it began with), metrics.jsonl and the same for TensorBoard, samples.png, the samples over time in samples/step_*.png, checkpoint.safetensors, and in the end result.json.
---@class sdelua.train.Run
---@overload fun(...): ...
local train_Run_class = {}

---Cuts metrics.jsonl and samples/ back to steps 1..from.
---@param from any
---@return any ...
function train_Run_class:cut(from) end

---Writes config.json, a table that JSON can hold; what is there already stays, for a run goes on as it began.
---@param config any
---@return any ...
function train_Run_class:describe(config) end

---Writes result.json: what was measured in the end. Numbers that JSON has no word for are texts there.
---@param result any
---@return any ...
function train_Run_class:conclude(result) end

---Appends a line, and a scalar for each of its numbers to the events: a table with the field step.
---@param record any
---@return any ...
function train_Run_class:log(record) end

---Keeps a picture as the newest samples: samples.png, and samples/step_<step>.png unless it is the final one.
---@param step any
---@param x any
---@param final any
---@return any ...
function train_Run_class:picture(step, x, final) end

---Ends the log and the event file. Closes the files; all of it is written already.
---@return any ...
function train_Run_class:close() end

---A network in training: everything that a checkpoint has to hold, and one step.
---@class sdelua.train.Trainer
---@overload fun(...): ...
local train_Trainer_class = {}

---One step; returns the loss and the norm of the gradient before clipping. After an error (a gradient that is not finite, memory that is out) nothing has changed.
---@return any ...
function train_Trainer_class:step() end

---What fn(score) returns with the averaged parameters in the network, in evaluation mode and without recording.
---@param fn any
---@return any ...
function train_Trainer_class:with_average(fn) end

---Writes the checkpoint, whole or not at all.
---@param path any
---@return any ...
function train_Trainer_class:save(path) end

---|x|; its gradient at 0 is 0.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.abs(x) end

---x + y.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.add(x, y) end

---a x + b with numbers a and b, in one pass.
---@param x sdelua.tensor|number
---@param a? number
---@param b? number
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { a?: number, b?: number }): sdelua.tensor
function sl.affine(x, a, b) end

---Largest element over dims (all by default); equal ones share the gradient.
---@param x sdelua.tensor|number
---@param dims? integer|integer[]
---@param keepdim? boolean
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dims?: integer|integer[], keepdim?: boolean }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, dims?: integer|integer[], opts: { keepdim?: boolean }): sdelua.tensor
function sl.amax(x, dims, keepdim) end

---Smallest element over dims (all by default); equal ones share the gradient.
---@param x sdelua.tensor|number
---@param dims? integer|integer[]
---@param keepdim? boolean
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dims?: integer|integer[], keepdim?: boolean }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, dims?: integer|integer[], opts: { keepdim?: boolean }): sdelua.tensor
function sl.amin(x, dims, keepdim) end

---Lines of all that the text turns up in; "nothing about …" where there is none.
---@param wanted any
---@return any ...
function sl.apropos(wanted) end

---start, start + step, … before stop; arange(n) counts from 0.
---@param start? any
---@param stop any
---@param step? any
---@param opts? { dtype?: string }
---@return sdelua.tensor
function sl.arange(start, stop, step, opts) end

---Position of the first largest element along dim (the last by default), int64.
---@param x sdelua.tensor|number
---@param dim? integer
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dim?: integer }): sdelua.tensor
function sl.argmax(x, dim) end

---softmax(scale q k^T) v per head: q [b,l,heads*d], k [b,m,heads*d], v [b,m,heads*dv]; scale 0 means 1/sqrt(d).
---@param q sdelua.tensor|number
---@param k sdelua.tensor|number
---@param v sdelua.tensor|number
---@param heads? integer
---@param scale? number
---@return sdelua.tensor
---@overload fun(q: sdelua.tensor|number, k: sdelua.tensor|number, v: sdelua.tensor|number, opts: { heads?: integer, scale?: number }): sdelua.tensor
function sl.attention(q, k, v, heads, scale) end

---Means over windows of x [n,h,w,c], a stride apart (0: side by side, filling the image); zeros of the padding count.
---@param x sdelua.tensor|number
---@param window? integer|integer[]
---@param stride? integer|integer[]
---@param padding? integer|integer[]
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { window?: integer|integer[], stride?: integer|integer[], padding?: integer|integer[] }): sdelua.tensor
function sl.avg_pool(x, window, stride, padding) end

---a x + b y, in one pass.
---@param a sdelua.tensor|number
---@param x sdelua.tensor|number
---@param b sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.axpby(a, x, b, y) end

---x as another element type; to an integer type it truncates.
---@param x sdelua.tensor|number
---@param dtype string
---@return sdelua.tensor
function sl.cast(x, dtype) end

---The tensors of a list joined along dim (the first by default).
---@param xs (sdelua.tensor|number)[]
---@param dim? integer
---@return sdelua.tensor
---@overload fun(xs: (sdelua.tensor|number)[], opts: { dim?: integer }): sdelua.tensor
function sl.cat(xs, dim) end

---Smallest integer not below x; not differentiable.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.ceil(x) end

---f(...), of which the graph keeps arguments and result alone: backward runs f again (Chen et al. 2016).
---@param f any
---@param ... any
---@return sdelua.tensor
function sl.checkpoint(f, ...) end

---x cut to [lo, hi].
---@param x sdelua.tensor|number
---@param lo? number
---@param hi? number
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { lo?: number, hi?: number }): sdelua.tensor
function sl.clamp(x, lo, hi) end

---What to insert behind the text, and else the words there are, as lines of at most `width` (that of the terminal).
---@param text any
---@param width any
---@return any ...
function sl.complete(text, width) end

---The same values in row-major order.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.contiguous(x) end

---Convolution with zero padding: x [n,h,w,cin], w [kh,kw,cin/groups,cout], b [cout] or [n,cout]. stride, padding and dilation: one number, or {height, width}. Channel group g of the result sees group g of x.
---@param x sdelua.tensor|number
---@param w sdelua.tensor|number
---@param b? sdelua.tensor|number
---@param stride? integer|integer[]
---@param padding? integer|integer[]
---@param dilation? integer|integer[]
---@param groups? integer
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w: sdelua.tensor|number, opts: { b?: sdelua.tensor|number, stride?: integer|integer[], padding?: integer|integer[], dilation?: integer|integer[], groups?: integer }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w: sdelua.tensor|number, b?: sdelua.tensor|number, opts: { stride?: integer|integer[], padding?: integer|integer[], dilation?: integer|integer[], groups?: integer }): sdelua.tensor
function sl.conv2d(x, w, b, stride, padding, dilation, groups) end

---conv2d(x, w, b) + r in one pass; r has the result's shape.
---@param x sdelua.tensor|number
---@param w sdelua.tensor|number
---@param b? sdelua.tensor|number
---@param r sdelua.tensor|number
---@param stride? integer|integer[]
---@param padding? integer|integer[]
---@param dilation? integer|integer[]
---@param groups? integer
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w: sdelua.tensor|number, opts: { b?: sdelua.tensor|number, r: sdelua.tensor|number, stride?: integer|integer[], padding?: integer|integer[], dilation?: integer|integer[], groups?: integer }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w: sdelua.tensor|number, b?: sdelua.tensor|number, opts: { r: sdelua.tensor|number, stride?: integer|integer[], padding?: integer|integer[], dilation?: integer|integer[], groups?: integer }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w: sdelua.tensor|number, b?: sdelua.tensor|number, r: sdelua.tensor|number, opts: { stride?: integer|integer[], padding?: integer|integer[], dilation?: integer|integer[], groups?: integer }): sdelua.tensor
function sl.conv2d_add(x, w, b, r, stride, padding, dilation, groups) end

---The transpose of conv2d, its gradient to x: x [n,h,w,cin], w [kh,kw,cout/groups,cin] as of the convolution from cout to cin channels, b [cout] or [n,cout] -> [n,h',w',cout], h' = (h-1) stride - 2 padding + dilation (kh-1) + 1 + output_padding < that + stride.
---@param x sdelua.tensor|number
---@param w sdelua.tensor|number
---@param b? sdelua.tensor|number
---@param stride? integer|integer[]
---@param padding? integer|integer[]
---@param dilation? integer|integer[]
---@param groups? integer
---@param output_padding? integer|integer[]
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w: sdelua.tensor|number, opts: { b?: sdelua.tensor|number, stride?: integer|integer[], padding?: integer|integer[], dilation?: integer|integer[], groups?: integer, output_padding?: integer|integer[] }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w: sdelua.tensor|number, b?: sdelua.tensor|number, opts: { stride?: integer|integer[], padding?: integer|integer[], dilation?: integer|integer[], groups?: integer, output_padding?: integer|integer[] }): sdelua.tensor
function sl.conv_transpose2d(x, w, b, stride, padding, dilation, groups, output_padding) end

---Cosine of x in radians.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.cos(x) end

---Running product along dim (the last by default).
---@param x sdelua.tensor|number
---@param dim? integer
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dim?: integer }): sdelua.tensor
function sl.cumprod(x, dim) end

---Running sum along dim (the last by default), from the end when reverse.
---@param x sdelua.tensor|number
---@param dim? integer
---@param reverse? boolean
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dim?: integer, reverse?: boolean }): sdelua.tensor
function sl.cumsum(x, dim, reverse) end

---A function of tensors with a gradient of your own: y = forward(x1, …); dx1, … = backward(dy, x1, … [, y], needs), y where keep_y; needs[i]: whether dxi is asked for.
---@param opts? { forward?: any, backward?: any, keep_y?: boolean, name?: any }
---@return function
function sl.custom_vjp(opts) end

---x / y, of floating types.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.div(x, y) end

---Zeroes elements with probability p and scales the others by 1/(1-p); one draw of the training stream.
---@param x sdelua.tensor|number
---@param p? number
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { p?: number }): sdelua.tensor
function sl.dropout(x, p) end

---x above 0, e^x - 1 below (Clevert et al. 2016).
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.elu(x) end

---Rows of w [rows,d] for an index of any shape: [..., d].
---@param w sdelua.tensor|number
---@param index sdelua.tensor|number
---@return sdelua.tensor
function sl.embedding(w, index) end

---A tensor of any values, to be filled.
---@param shape any
---@param opts? { dtype?: string }
---@return sdelua.tensor
---@overload fun(...: integer): sdelua.tensor
function sl.empty(shape, opts) end

---f(...), recorded even inside a no_grad.
---@param f any
---@param ... any
---@return any ...
function sl.enable_grad(f, ...) end

---x == y, as uint8.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.eq(x, y) end

---The error function.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.erf(x) end

---e^x.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.exp(x) end

---Repeated to a larger shape without a copy, as broadcasting does; -1 keeps a size.
---@param x sdelua.tensor|number
---@param shape integer|integer[]
---@return sdelua.tensor
function sl.expand(x, shape) end

---e^x - 1, accurate near 0.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.expm1(x) end

---[n,m] with ones on the diagonal, else zeros.
---@param n any
---@param m? any
---@param opts? { dtype?: string }
---@return sdelua.tensor
function sl.eye(n, m, opts) end

---Whether no value is NaN or infinite.
---@param v any
---@return any ...
function sl.finite(v) end

---x [n,h,w,c], each pixel followed by up - 1 zeros along h and w, padded with zeros (all sides, {before, after} or {top, bottom, left, right}; negative cuts), convolved with filter [kh,kw], every down-th pixel taken: upfirdn2d (Karras et al. 2019, 2020).
---@param x sdelua.tensor|number
---@param filter sdelua.tensor|number
---@param up? integer|integer[]
---@param down? integer|integer[]
---@param padding? integer|integer[]
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, filter: sdelua.tensor|number, opts: { up?: integer|integer[], down?: integer|integer[], padding?: integer|integer[] }): sdelua.tensor
function sl.fir_resample(x, filter, up, down, padding) end

---In reversed order along dims (all by default).
---@param x sdelua.tensor|number
---@param dims? integer|integer[]
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dims?: integer|integer[] }): sdelua.tensor
function sl.flip(x, dims) end

---Largest integer not above x; not differentiable.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.floor(x) end

---One value everywhere.
---@param shape any
---@param value any
---@param opts? { dtype?: string }
---@return sdelua.tensor
function sl.full(shape, value, opts) end

---y[i][j] = x[index[i][j]][j] for the first dimension, likewise for others; shapes agree off dim.
---@param x sdelua.tensor|number
---@param index sdelua.tensor|number
---@param dim integer
---@return sdelua.tensor
function sl.gather(x, index, dim) end

---x >= y, as uint8.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.ge(x, y) end

---x Phi(x) with the normal distribution function, exactly (erf).
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.gelu(x) end

---The gradient of y to x, a tensor or a list (so is the result); y has one element, or grad gives what multiplies from the left.
---@param y any
---@param x any
---@param opts? { create_graph?: boolean, retain_graph?: boolean, grad?: any }
---@return sdelua.tensor
function sl.grad(y, x, opts) end

---w (x - mean) / sqrt(var + eps) + b for x [n, ..., c]; mean and variance per sample and group of channels. w and b are [c], or [n,c]: each sample's own.
---@param x sdelua.tensor|number
---@param w? sdelua.tensor|number
---@param b? sdelua.tensor|number
---@param groups integer
---@param eps? number
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { w?: sdelua.tensor|number, b?: sdelua.tensor|number, groups: integer, eps?: number }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w?: sdelua.tensor|number, opts: { b?: sdelua.tensor|number, groups: integer, eps?: number }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w?: sdelua.tensor|number, b?: sdelua.tensor|number, opts: { groups: integer, eps?: number }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w?: sdelua.tensor|number, b?: sdelua.tensor|number, groups: integer, opts: { eps?: number }): sdelua.tensor
function sl.group_norm(x, w, b, groups, eps) end

---silu(group_norm(x)) in one pass.
---@param x sdelua.tensor|number
---@param w? sdelua.tensor|number
---@param b? sdelua.tensor|number
---@param groups integer
---@param eps? number
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { w?: sdelua.tensor|number, b?: sdelua.tensor|number, groups: integer, eps?: number }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w?: sdelua.tensor|number, opts: { b?: sdelua.tensor|number, groups: integer, eps?: number }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w?: sdelua.tensor|number, b?: sdelua.tensor|number, opts: { groups: integer, eps?: number }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w?: sdelua.tensor|number, b?: sdelua.tensor|number, groups: integer, opts: { eps?: number }): sdelua.tensor
function sl.group_norm_silu(x, w, b, groups, eps) end

---x > y, as uint8.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.gt(x, y) end

---The doc of x, a name or the thing itself, as a text; without x what there is.
---@param ... any
---@return any ...
function sl.help(...) end

---Zeros of `size` along dim with the slices of x added at the positions in index: the transpose of index_select.
---@param x sdelua.tensor|number
---@param index sdelua.tensor|number
---@param dim integer
---@param size integer
---@return sdelua.tensor
function sl.index_add(x, index, dim, size) end

---The slices of x at the positions in index (1-D, int64) along dim (the first by default).
---@param x sdelua.tensor|number
---@param index sdelua.tensor|number
---@param dim? integer
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, index: sdelua.tensor|number, opts: { dim?: integer }): sdelua.tensor
function sl.index_select(x, index, dim) end

---Whether what is computed now is recorded for gradients.
---@return boolean
function sl.is_recording() end

---Whether x is a tensor.
---@param x any
---@return boolean
function sl.is_tensor(x) end

---The instruction set whose kernels run, such as "avx2".
---@return string
function sl.isa() end

---x, a tensor or a table with tensors, which no scope drops from here on.
---@param x any
---@return any
function sl.keep(x) end

---w (x - mean) / sqrt(var + eps) + b; mean and variance over the last dimension.
---@param x sdelua.tensor|number
---@param w? sdelua.tensor|number
---@param b? sdelua.tensor|number
---@param eps? number
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { w?: sdelua.tensor|number, b?: sdelua.tensor|number, eps?: number }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w?: sdelua.tensor|number, opts: { b?: sdelua.tensor|number, eps?: number }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w?: sdelua.tensor|number, b?: sdelua.tensor|number, opts: { eps?: number }): sdelua.tensor
function sl.layer_norm(x, w, b, eps) end

---x <= y, as uint8.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.le(x, y) end

---x w + b over the last dimension: x [..., in], w [in,out], b [out].
---@param x sdelua.tensor|number
---@param w sdelua.tensor|number
---@param b? sdelua.tensor|number
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w: sdelua.tensor|number, opts: { b?: sdelua.tensor|number }): sdelua.tensor
function sl.linear(x, w, b) end

---linear(x, w, b) + r in one pass; r has the result's shape.
---@param x sdelua.tensor|number
---@param w sdelua.tensor|number
---@param b? sdelua.tensor|number
---@param r sdelua.tensor|number
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w: sdelua.tensor|number, opts: { b?: sdelua.tensor|number, r: sdelua.tensor|number }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, w: sdelua.tensor|number, b?: sdelua.tensor|number, opts: { r: sdelua.tensor|number }): sdelua.tensor
function sl.linear_add(x, w, b, r) end

---y[i] = a[i] y[i-1] + b[i] along dim (the last by default), the first y being the first b; from the end when reverse.
---@param a sdelua.tensor|number
---@param b sdelua.tensor|number
---@param dim? integer
---@param reverse? boolean
---@return sdelua.tensor
---@overload fun(a: sdelua.tensor|number, b: sdelua.tensor|number, opts: { dim?: integer, reverse?: boolean }): sdelua.tensor
function sl.linear_scan(a, b, dim, reverse) end

---n numbers at equal distances, both ends included.
---@param start any
---@param stop any
---@param n any
---@param opts? { dtype?: string }
---@return sdelua.tensor
function sl.linspace(start, stop, n, opts) end

---The metatable of a list whose rows print as a table with these keys for its columns.
---@param keys any
---@return any ...
function sl.listing(keys) end

---Tensors by name and texts by key, of a file of safetensors.
---@param path any
---@return table, table
function sl.load(path) end

---Natural logarithm.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.log(x) end

---log(1 + x), accurate near 0.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.log1p(x) end

---Logarithm of softmax along dim (the last by default), without underflow.
---@param x sdelua.tensor|number
---@param dim? integer
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dim?: integer }): sdelua.tensor
function sl.log_softmax(x, dim) end

---Logarithm of the sum of e^x along dim (the last by default), without overflow.
---@param x sdelua.tensor|number
---@param dim? integer
---@param keepdim? boolean
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dim?: integer, keepdim?: boolean }): sdelua.tensor
function sl.logsumexp(x, dim, keepdim) end

---x < y, as uint8.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.lt(x, y) end

---Starts the random numbers of sl.randn, initialisation and training anew.
---@param seed any
function sl.manual_seed(seed) end

---Matrix product; batch dimensions broadcast; a 1-D x is a row, a 1-D y a column.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.matmul(x, y) end

---The largest of each window of x [n,h,w,c], windows a stride apart (0: side by side); padding is never the largest. The gradient goes to the first of equal ones.
---@param x sdelua.tensor|number
---@param window? integer|integer[]
---@param stride? integer|integer[]
---@param padding? integer|integer[]
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { window?: integer|integer[], stride?: integer|integer[], padding?: integer|integer[] }): sdelua.tensor
function sl.max_pool(x, window, stride, padding) end

---The larger of x and y; equal ones share the gradient.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.maximum(x, y) end

---Mean over dims (all by default).
---@param x sdelua.tensor|number
---@param dims? integer|integer[]
---@param keepdim? boolean
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dims?: integer|integer[], keepdim?: boolean }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, dims?: integer|integer[], opts: { keepdim?: boolean }): sdelua.tensor
function sl.mean(x, dims, keepdim) end

---{ live =, peak = } of tensors, in bytes.
---@return table
function sl.memory() end

---The smaller of x and y; equal ones share the gradient.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.minimum(x, y) end

---x y.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.mul(x, y) end

---`length` positions along dim from `start` on.
---@param x sdelua.tensor|number
---@param dim integer
---@param start integer
---@param length integer
---@return sdelua.tensor
function sl.narrow(x, dim, start, length) end

---x ~= y, as uint8.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.ne(x, y) end

----x.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.neg(x) end

---f(...), and nothing in it is recorded for gradients.
---@param f any
---@param ... any
---@return any ...
function sl.no_grad(f, ...) end

---Euclidean norm over dims (all by default); its gradient at 0 is 0.
---@param x sdelua.tensor|number
---@param dims? integer|integer[]
---@param keepdim? boolean
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dims?: integer|integer[], keepdim?: boolean }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, dims?: integer|integer[], opts: { keepdim?: boolean }): sdelua.tensor
function sl.norm(x, dims, keepdim) end

---Ones; the shape is a list, or sizes one after another.
---@param shape any
---@param opts? { dtype?: string }
---@return sdelua.tensor
---@overload fun(...: integer): sdelua.tensor
function sl.ones(shape, opts) end

---`value` put before and after each dimension; negative sizes crop.
---@param x sdelua.tensor|number
---@param before integer|integer[]
---@param after integer|integer[]
---@param value? number
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, before: integer|integer[], after: integer|integer[], opts: { value?: number }): sdelua.tensor
function sl.pad(x, before, after, value) end

---The dimensions in the order given, or else in reverse.
---@param x sdelua.tensor|number
---@param dims? integer|integer[]
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dims?: integer|integer[] }): sdelua.tensor
function sl.permute(x, dims) end

---x^y, of floating types; the gradient in y at x = 0 is 0.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.pow(x, y) end

---Steps first..n, each with the bar; n may be math.huge. Options: first = 1; minutes, after which no further step begins; quiet = true draws nothing.
---@param n any
---@param opts? table
---@return any ...
function sl.progress(n, opts) end

---Uniform in [0, 1), from the stream that sl.manual_seed starts.
---@param shape any
---@param opts? { dtype?: string }
---@return sdelua.tensor
---@overload fun(...: integer): sdelua.tensor
function sl.rand(shape, opts) end

---Integers lo <= n < hi, each as likely.
---@param lo any
---@param hi any
---@param shape any
---@param opts? { dtype?: string }
---@return sdelua.tensor
function sl.randint(lo, hi, shape, opts) end

---Unit normals, from the stream that sl.manual_seed starts.
---@param shape any
---@param opts? { dtype?: string }
---@return sdelua.tensor
---@overload fun(...: integer): sdelua.tensor
function sl.randn(shape, opts) end

---1 / x.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.reciprocal(x) end

---max(x, 0); its gradient at 0 is 0.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.relu(x) end

---The same elements in another shape; one size may be -1.
---@param x sdelua.tensor|number
---@param shape integer|integer[]
---@return sdelua.tensor
function sl.reshape(x, shape) end

---x [n,h,w,c] to [n,height,width,c] by linear interpolation along both, corner pixels onto corner pixels (align_corners) or edges onto edges; shrinking takes no means.
---@param x sdelua.tensor|number
---@param height integer
---@param width integer
---@param align_corners? boolean
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, height: integer, width: integer, opts: { align_corners?: boolean }): sdelua.tensor
function sl.resize_bilinear(x, height, width, align_corners) end

---Seed and counts of the generator, as a checkpoint saves them.
---@return table
function sl.rng_state() end

---Nearest integer, halves to even; not differentiable.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.round(x) end

---1 / sqrt(x).
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.rsqrt(x) end

---Writes tensors by name and texts by key as safetensors.
---@param path any
---@param tensors any
---@param texts? any
function sl.save(path, tensors, texts) end

---Zeros of `size` along dim with each element of x added at its position in index: the transpose of gather.
---@param x sdelua.tensor|number
---@param index sdelua.tensor|number
---@param dim integer
---@param size integer
---@return sdelua.tensor
function sl.scatter_add(x, index, dim, size) end

---local s <close> = sl.scope() drops at its end the tensors made since; s:keep(x) keeps one.
---@return sdelua.scope
function sl.scope() end

---One position along dim, without that dimension.
---@param x sdelua.tensor|number
---@param dim integer
---@param index integer
---@return sdelua.tensor
function sl.select(x, dim, index) end

---Puts the generator where rng_state() found it.
---@param opts? { seed?: any, seen?: any, init_draw?: any, user_draw?: any }
function sl.set_rng_state(opts) end

---Uses n threads; no result depends on it.
---@param n any
function sl.set_threads(n) end

---1 / (1 + e^-x).
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.sigmoid(x) end

----1, 0 or 1; not differentiable.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.sign(x) end

---x sigmoid(x), also called swish.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.silu(x) end

---Sine of x in radians.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.sin(x) end

---sin and cos of t f_i with f_i = max_period^(-i/(dim/2-1)), sines first: t [n] -> [n,dim].
---@param t sdelua.tensor|number
---@param dim integer
---@param max_period? number
---@return sdelua.tensor
---@overload fun(t: sdelua.tensor|number, dim: integer, opts: { max_period?: number }): sdelua.tensor
function sl.sinusoidal(t, dim, max_period) end

---e^x divided by its sum along dim (the last by default).
---@param x sdelua.tensor|number
---@param dim? integer
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dim?: integer }): sdelua.tensor
function sl.softmax(x, dim) end

---log(1 + e^x).
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.softplus(x) end

---Square root.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.sqrt(x) end

---x^2.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.square(x) end

---Without a dimension of size 1.
---@param x sdelua.tensor|number
---@param dim integer
---@return sdelua.tensor
function sl.squeeze(x, dim) end

---The tensors of a list side by side along a new dimension dim (the first by default).
---@param xs (sdelua.tensor|number)[]
---@param dim? integer
---@return sdelua.tensor
---@overload fun(xs: (sdelua.tensor|number)[], opts: { dim?: integer }): sdelua.tensor
function sl.stack(xs, dim) end

---Standard deviation over dims (all by default); unbiased divides by one less than the count.
---@param x sdelua.tensor|number
---@param dims? integer|integer[]
---@param keepdim? boolean
---@param unbiased? boolean
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dims?: integer|integer[], keepdim?: boolean, unbiased?: boolean }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, dims?: integer|integer[], opts: { keepdim?: boolean, unbiased?: boolean }): sdelua.tensor
function sl.std(x, dims, keepdim, unbiased) end

---x - y.
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.sub(x, y) end

---Sum over dims (all by default); keepdim leaves sizes of 1. uint8 sums to int64.
---@param x sdelua.tensor|number
---@param dims? integer|integer[]
---@param keepdim? boolean
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dims?: integer|integer[], keepdim?: boolean }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, dims?: integer|integer[], opts: { keepdim?: boolean }): sdelua.tensor
function sl.sum(x, dims, keepdim) end

---Adds up what broadcasting the given shape to x's would repeat.
---@param x sdelua.tensor|number
---@param shape integer|integer[]
---@return sdelua.tensor
function sl.sum_to(x, shape) end

---Hyperbolic tangent.
---@param x sdelua.tensor|number
---@return sdelua.tensor
function sl.tanh(x) end

---A tensor of a number, or of nested lists of them.
---@param data any
---@param opts? { dtype?: string }
---@return sdelua.tensor
function sl.tensor(data, opts) end

---How many threads the core uses.
---@return integer
function sl.threads() end

---For xpcall: the traceback of the callback that raised, if one did.
---@param message any
---@return string
function sl.traceback(message) end

---Opens a training batch of n samples, whose random numbers depend on their places in the whole run alone.
---@param n any
function sl.train_batch(n) end

---The batch's next draw, "uniform", "normal" or "rademacher"; row i is of its sample i.
---@param dist any
---@param shape any
---@param dtype any
---@return sdelua.tensor
function sl.train_random(dist, shape, dtype) end

---Two dimensions exchanged, by default the last two.
---@param x sdelua.tensor|number
---@param dim1? integer
---@param dim2? integer
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dim1?: integer, dim2?: integer }): sdelua.tensor
function sl.transpose(x, dim1, dim2) end

---With a dimension of size 1 put in at dim.
---@param x sdelua.tensor|number
---@param dim integer
---@return sdelua.tensor
function sl.unsqueeze(x, dim) end

---Every pixel of x [n,h,w,c] repeated factor times along h and w (nearest neighbour).
---@param x sdelua.tensor|number
---@param factor? integer
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { factor?: integer }): sdelua.tensor
function sl.upsample(x, factor) end

---Variance over dims (all by default); unbiased divides by one less than the count.
---@param x sdelua.tensor|number
---@param dims? integer|integer[]
---@param keepdim? boolean
---@param unbiased? boolean
---@return sdelua.tensor
---@overload fun(x: sdelua.tensor|number, opts: { dims?: integer|integer[], keepdim?: boolean, unbiased?: boolean }): sdelua.tensor
---@overload fun(x: sdelua.tensor|number, dims?: integer|integer[], opts: { keepdim?: boolean, unbiased?: boolean }): sdelua.tensor
function sl.var(x, dims, keepdim, unbiased) end

---warn(text, ...): a line for whoever runs the program, formatted, on stderr.
---@param text any
---@param ... any
---@return any ...
function sl.warn(text, ...) end

---x where cond (uint8) is not 0, else y.
---@param cond sdelua.tensor|number
---@param x sdelua.tensor|number
---@param y sdelua.tensor|number
---@return sdelua.tensor
function sl.where(cond, x, y) end

---Zeros; the shape is a list, or sizes one after another.
---@param shape any
---@param opts? { dtype?: string }
---@return sdelua.tensor
---@overload fun(...: integer): sdelua.tensor
function sl.zeros(shape, opts) end

---Things that come one a file: samplers, processes, objectives.
---@class sdelua.collection
---@overload fun(...): any
sl.collection = {}

---Data sets, files of them (docs/data.md), and the loader that cuts them into batches.
---@class sdelua.data
sl.data = {}

---n points [n,2] of a checkerboard: the eight black squares, of side 2, in [-4,4]².
---@param n any
---@param opts? table
---@return any ...
function sl.data.checkerboard(n, opts) end

---uint8 images [50000,32,32,3], their labels [50000] and the classes' names (split = "test": 10000) of the binary version of CIFAR-10. path is a folder with data_batch_1.bin … data_batch_5.bin and test_batch.bin, of which those that are there are read, or the folder above it, or one such file. Option split = "train" or "test".
---@param path any
---@param opts? table
---@return any ...
function sl.data.cifar10(path, opts) end

---A table [n,columns] of a CSV file and the columns' names (nil without a header); then, with option labels, int64 labels [n] and, where those are words, the sorted list of them (label 0 is the first). Options: separator = ","; header = true or false (default: whether the first line holds a word that is no number); columns, a list of names or numbers to read (default: all but the labels'); labels, a column's name or number; missing = "error", "nan" or "skip", for fields that are empty, NA, N/A, NaN, null, none or ? ("skip": the row is left out); dtype = "float32".
---@param path any
---@param opts? table
---@return any ...
function sl.data.csv(path, opts) end

---n points [n,2] of eight Gaussians of equal weight on a circle: radius, std.
---@param n any
---@param opts? table
---@return any ...
function sl.data.eight_gaussians(n, opts) end

---uint8 images [60000,28,28,1] and their labels [60000] (split = "test": 10000). Options: path, a folder with the four files as distributed (default: where Debian's package dataset-fashion-mnist puts them); split = "train" or "test".
---@param opts? table
---@return any ...
function sl.data.fashion_mnist(opts) end

---What path holds, as { samples, labels, classes, names, kind, about, test }: samples is a tensor [n, ...], uint8 [n,H,W,C] of images; labels [n], the classes' names and the names (of files or columns) are nil where there are none; about says what was found, which is also written to stderr; test() gives the test split, where there is one. A folder may hold the IDX files of (Fashion-)MNIST, CIFAR-10's binary version, or pictures, there or in a sub-folder a class; a file may be npy, npz, safetensors, IDX (gzipped or not), a batch of CIFAR-10, CSV, or a picture. Options: split = "train" or "test", where there are such; size = 32 and channels = 3, of a folder's pictures; name and labels, of arrays in an archive (labels: also a column of CSV); missing = "error", of CSV; quiet = false.
---@param path any
---@param opts? table
---@return any ...
function sl.data.from(path, opts) end

---What an IDX file holds (plain or gzipped); images [n,H,W] become [n,H,W,1]. Option labels, the file of their labels [n], which come second (default: NAME-labels-idx1-ubyte beside NAME-images-idx3-ubyte, where it is).
---@param path any
---@param opts? table
---@return any ...
function sl.data.idx(path, opts) end

---uint8 [n,size,size,channels] and the list of names, sorted: the PNG, JPEG, BMP and WebP files of a folder, each cut to its central square and resized. Where the folder itself has none, each sub-folder with pictures is a class: then int64 labels [n], from 0, and the list of classes come too. Fifth come words on what was resized and which files were not read, where there is something to say. Options: size = 32, channels = 3 (or 1).
---@param folder any
---@param opts? table
---@return any ...
function sl.data.image_folder(folder, opts) end

---True for a folder with IDX files named as MNIST and Fashion-MNIST have them; split = "train" or "test".
---@param folder any
---@param split any
---@return any ...
function sl.data.is_mnist(folder, split) end

---A list of what the room has, one function a row, that prints as a table.
---@return any ...
function sl.data.list() end

---loader(samples [n, ...], { batch = 64, seed = 0, shuffle = true, flip = false, dequantize = false, labels = nil }). samples are uint8 images [n,H,W,C], which come out in [-1,1], or floats, which come out as they are. What a batch holds depends on the seed and on the positions of its samples, not on how the positions were cut into batches.
---@param samples any
---@param opts? table
---@return any ...
function sl.data.loader(samples, opts) end

---n points [n,2] of a pinwheel: `arms` arms bent by rate, of radial_std and tangential_std.
---@param n any
---@param opts? table
---@return any ...
function sl.data.pinwheel(n, opts) end

---Writes x [n,columns] as CSV, in as many digits as bring the same numbers back; NaN becomes an empty field. Options: names, the header; separator = ",".
---@param path any
---@param x any
---@param opts? table
---@return any ...
function sl.data.save_csv(path, x, opts) end

---n points [n,2] along a spiral, and noise.
---@param n any
---@param opts? table
---@return any ...
function sl.data.swiss_roll(n, opts) end

---n points [n,2] of two half circles that clasp each other, and noise.
---@param n any
---@param opts? table
---@return any ...
function sl.data.two_moons(n, opts) end

---A surface to draw on, in points from the upper left corner: what sl.plot is made with.
---@class sdelua.draw
sl.draw = {}

---A white canvas, "raster", "svg" or "pdf", of that size in points; scale: pixels of a raster to a point.
---@param kind any
---@param width any
---@param height any
---@param scale? any
---@return sdelua.Canvas
function sl.draw.canvas(kind, width, height, scale) end

---Errors of the library's Lua files.
---@class sdelua.errors
sl.errors = {}

---What was wrong, without where the library was called: for errors that tell of errors.
---@param message any
---@return any ...
function sl.errors.bare(message) end

---f, in whose name from now on all errors are told that the library raises while f is called from outside it: `who` comes instead of the name of the function inside that found what was wrong. Of several the outermost counts.
---@param who any
---@param f any
---@return any ...
function sl.errors.named(who, f) end

---Raises "who: what was wrong", a text or a format and its values.
---@param text any
---@param ... any
---@return any ...
function sl.errors.raise(text, ...) end

---sl.guidance: scores given a condition, after grad log p(x|y) = grad log p(x) + grad log p(y|x). sl.guidance.<name>(..., options) is what the file sdelua/guidance/methods/<name>.lua describes: something that every sampler takes for a score. sl.guidance.list() prints them all.
---@class sdelua.guidance
---@field classifier fun(...): ... # Classifier guidance: the score and scale times the gradient of log p(y | x_t), of a classifier(x, t [n]) -> logits [n,classes] that knows noise; labels a class, or each sample's own.
---@field classifier_free fun(...): ... # Classifier-free guidance: what the network says without a class, and scale times what the class changes. scale 1 is the score given the class, 0 that without; 1 + w in the paper's words.
---@field logp fun(...): ... # Guidance by any function fn(x, t [n], rows) -> log p(y | x_t) [n] up to a constant, of recorded ops.
---@field loss fun(...): ... # Guidance by a loss fn(x0, t [n], rows) -> [n] of the denoised estimate x0 = E[x_0 | x_t], its gradient taken through the network: log p(y | x_t) is taken to be -loss. norm = "residual" divides by the loss's root, "score" makes the gradient as large as the score.
---@field methods any
sl.guidance = {}

---A list of what the room's files hold, one row each, that prints as a table.
---@return any ...
function sl.guidance.list() end

---Pictures: uint8 [H,W,C] as files hold them, floats in [-1,1] as networks see them.
---@class sdelua.image
sl.image = {}

---Writes a film, an animated WebP (.webp) or GIF (.gif) by the ending of its name. frames: [F,H,W,C], C = 1 or 3, uint8 or floats in [-1,1]; or a list of what image.render takes: pictures, batches (a sampler's trajectory), plots. Options: fps = 12; loop = 0, how often it plays, 0 without end; lossless = true, of a WebP; quality = 75 of 100, of one that is not. A GIF has 256 colours for all its frames. The same frames give the same bytes.
---@param path any
---@param frames any
---@param opts? table
---@return any ...
function sl.image.animate(path, frames, opts) end

---One picture [H',W',C] of the images [N,H,W,C], row by row. Options: columns (default: as near a square as goes), padding = 2 pixels between and around them, background = 255.
---@param x any
---@param opts? table
---@return any ...
function sl.image.grid(x, opts) end

---uint8 [H,W,C] of a PNG, JPEG, BMP or WebP file, of a film the first picture. Options: channels = 1 or 3 converts (alpha is laid over white); size = s gives the central square, resized to [s,s,C].
---@param path any
---@param opts? table
---@return any ...
function sl.image.load(path, opts) end

---The at most `most` = 256 colours that stand best for a picture [H,W,C] or frames [F,H,W,C], C = 1 or 3: the place of each pixel's colour, uint8, from 0, and the colours, uint8 [n,3].
---@param x any
---@param most any
---@return any ...
function sl.image.palette(x, most) end

---uint8 [H,W,1] or [H,W,3] of whatever can be looked at: a picture [H,W,C], a batch [N,H,W,C], which becomes a grid, or a thing with a method render, such as a plot. What is transparent is laid over white. Errors name `who`, `what`.
---@param x any
---@param who any
---@param what any
---@return any ...
function sl.image.render(x, who, what) end

---Writes a PNG of a picture [H,W,C], C = 1 (grey), 3 (RGB) or 4 (RGBA): uint8, or floats in [-1,1]. The name of the file ends in .png.
---@param path any
---@param x any
---@return any ...
function sl.image.save(path, x) end

---The central square of a picture [H,W,C] of uint8, resized to [size,size,C].
---@param x any
---@param size any
---@return any ...
function sl.image.square(x, size) end

---uint8 0..255 to float32 -1..1; with u like x, uniform on [0, 1), dequantized: (x + u)/128 - 1.
---@param x any
---@param u any
---@return any ...
function sl.image.to_float(x, u) end

---Floats in [-1,1] to uint8, rounded to nearest; what lies outside is cut off. uint8 passes through.
---@param x any
---@return any ...
function sl.image.to_uint8(x) end

---What sl.progress is made of: the program's SIGINT, asked for at the boundary of a step.
---@class sdelua.interrupt
sl.interrupt = {}

---From here the program's first SIGINT only asks; the second raises.
function sl.interrupt.begin() end

---A SIGINT raises again; whether one had asked.
---@return boolean
function sl.interrupt.finish() end

---Whether a SIGINT has asked.
---@return boolean
function sl.interrupt.requested() end

---sl.inverse: measurements. sl.inverse.<name> { options, std = 0 } is the operator that the file sdelua/inverse/operators/<name>.lua describes; sl.inverse.list() prints them all.
---@class sdelua.inverse
---@field blur fun(opts?: { across?: any, bandwidth?: number, boundary?: string, kernel?: any, shape?: any, std?: number, width?: number }): sdelua.inverse.Operator # Correlation with a kernel down the columns and along the rows of images of that shape: kernel = "gaussian" (width, bandwidth in pixels), "uniform" (width) or a list; across, where given, is that along the rows. boundary = "symmetric", "zero", "edge" or "wrap".
---@field colorize fun(opts?: { shape?: any, std?: number }): sdelua.inverse.Operator # The mean of the three colours of each pixel of images of that shape.
---@field compressed fun(opts?: { ratio?: number, seed?: number, shape?: any, std?: number }): sdelua.inverse.Operator # Compressed sensing: ratio of all values are measured, drawn by seed from an orthonormal Walsh-Hadamard transform of x with random signs in random order.
---@field ct fun(opts?: { angles?: any, detectors?: any, range?: number, shape?: any, std?: number }): sdelua.inverse.Operator # Computed tomography with parallel beams: the Radon transform of images of that shape, y [angles, detectors, C].
---@field denoise fun(opts?: { shape?: any, std?: number }): sdelua.inverse.Operator # x itself, with noise; shape is that of one x.
---@field grayscale fun(opts?: { shape?: any, std?: number, weights?: any }): sdelua.inverse.Operator # The luminance of each pixel of images of that shape: the colours by their weights, those of ITU-R BT.601 unless given.
---@field inpaint fun(opts?: { box?: any, keep?: string, mask?: any, seed?: number, shape?: any, share?: number, std?: number }): sdelua.inverse.Operator # The values where the mask is 1, in order. mask is a tensor like one x; or with shape, that of an image, [H,W] or a name: "half" (keep = "left", "right", "top" or "bottom"), "box" (a square of side box is lost), "random" (share of the pixels lost, seed).
---@field jpeg fun(opts?: { quality?: number, shape?: any, std?: number, subsampling?: number }): sdelua.inverse.Operator # JPEG at a quality of 1 to 100, as the picture that comes out, not clipped and not rounded to 256 levels: blocks of 8 x 8 pixels, for colours (C = 3) in YCbCr with chroma halved along both sides (subsampling = 2; 1: whole).
---@field matrix fun(opts?: { A?: any, shape?: any, std?: number }): sdelua.inverse.Operator # y = A x for a matrix A [M,D] and x [N,D], or [N,shape] with as many values.
---@field mri fun(opts?: { acceleration?: number, centre?: number, mask?: any, seed?: number, shape?: any, std?: number }): sdelua.inverse.Operator # The unitary Fourier transform of images of that shape, where the mask [H,W] is 1 (the frequency 0 at [H//2+1, W//2+1]): y is [frequencies, C, 2], real and imaginary parts.
---@field phase_retrieval fun(opts?: { oversample?: number, shape?: any, std?: number }): sdelua.inverse.Operator # The magnitudes of the unitary Fourier transform of images of that shape, each channel by itself, laid in the corner of an area of zeros oversample times as long and as wide. x, -x and x turned by half a turn, have the same.
---@field superres fun(opts?: { factor?: number, shape?: any, std?: number }): sdelua.inverse.Operator # Means over blocks of factor x factor pixels of images of that shape.
---@field operators any
sl.inverse = {}

---An operator of your own: a table as in sdelua/inverse/operator.lua, of which shape, measured and apply are enough; linear = true where it is; std.
---@param own any
---@return any ...
function sl.inverse.define(own) end

---A list of what the room's files hold, one row each, that prints as a table.
---@return any ...
function sl.inverse.list() end

sl.inverse.masks = {}

---All but a square in the middle is known: box, the length of its side, is half that of the image's shorter one unless given.
---@param shape any
---@param opts? table
---@return any ...
function sl.inverse.masks.box(shape, opts) end

---One half is known: keep = "left", "right", "top" or "bottom".
---@param shape any
---@param opts? table
---@return any ...
function sl.inverse.masks.half(shape, opts) end

---Columns of frequencies [H,W], the frequency 0 at [H//2+1, W//2+1], as a scanner that goes line by line measures them: a band in the middle, the share `centre` of all, and others at random, W/acceleration in all. Options: acceleration = 4.0, centre = 0.08, seed = 0.
---@param shape any
---@param opts? table
---@return any ...
function sl.inverse.masks.lines(shape, opts) end

---Pixels at random are known: `share` of them, rounded, are lost with all their colours. Options: share = 0.9, seed = 0.
---@param shape any
---@param opts? table
---@return any ...
function sl.inverse.masks.random(shape, opts) end

---Readers of other formats.
---@class sdelua.io
sl.io = {}

---The bytes of a file, uint8 [n].
---@param path any
---@return sdelua.tensor
function sl.io.bytes(path) end

---A file of IDX, MNIST's format, gzipped or not.
---@param path any
---@return sdelua.tensor
function sl.io.idx(path) end

---Writes a string as a file, which is replaced as a whole or not at all.
---@param path any
---@param bytes any
function sl.io.write(path, bytes) end

---JSON for metrics and for the texts of a checkpoint: numbers, strings, booleans, lists and tables with string keys.
---@class sdelua.json
sl.json = {}

---null is refused: a Lua table can't hold it.
---@param text any
---@return any ...
function sl.json.decode(text) end

---An empty table is written as a list.
---@param value any
---@return any ...
function sl.json.encode(value) end

---sl.likelihood: how probable a model finds points, and the codes it gives them. docs/likelihood.md says what the numbers mean.
---@class sdelua.likelihood
sl.likelihood = {}

---[N]: the bits/dim of log-densities logp [N] in nats, over `dim` values each. Options: range = { -1, 1 }, what the 256 levels were scaled to.
---@param logp any
---@param dim any
---@param opts? table
---@return any ...
function sl.likelihood.bits(logp, dim, opts) end

---[N]: the bits/dim of uint8 images [N, ...] under a model of images in [-1,1], by likelihood.ode, and its info with logp. Options: those of likelihood.ode; seed and first number the dequantizing noise too.
---@param process any
---@param score any
---@param images any
---@param opts? table
---@return any ...
function sl.likelihood.bits_per_dim(process, score, images, opts) end

---An estimate [N] of a lower bound on log p(x), nats, of the points x [N, ...] under the reverse SDE with this score, and info: se [N], the standard error of the estimate (two or more samples), and samples [N,samples], the estimates that it is the mean of. Needs a transition kernel and m_T > 0. Options:
---  denoise = true: the model's last step is x = N(E[x|x_eps], (s/m)^2) at eps; false: the bound is on the mean of
---  log p_eps(x_eps) over x_eps given x
---  samples = 16 draws of (t, z), eps (the process's eps.likelihood), seed, first, index, noise
---  sigma_data = 0.5: roughly the standard deviation of the data; the nearer, the smaller the error
---  times = "importance", in proportion to g^2/s^2 (features with different coefficients: "uniform")
---@param process any
---@param score any
---@param x any
---@param opts? table
---@return any ...
function sl.likelihood.bound(process, score, x, opts) end

---The point that each code z belongs to; the same options.
---@param process any
---@param score any
---@param z any
---@param opts? table
---@return any ...
function sl.likelihood.decode(process, score, z, opts) end

---uint8 images to floats in [-1,1): (x + u)/128 - 1, u uniform on [0,1) (Theis et al. 2016). Options: seed = 0, first = 0 (the number of the first image): an image's u depends on the seed and its number alone.
---@param images any
---@param opts? table
---@return any ...
function sl.likelihood.dequantize(images, opts) end

---The code z of each point x [N, ...]: where the probability flow takes it from eps to T (Song et al. 2021, appendix D.5). Options: eps (the process's eps.likelihood), top (a time to stop at on the way up, or begin at on the way down, in place of T), callback, rtol, atol, method, norm, pcoeff, icoeff, max_steps, as in sl.solve.ode. info: nfe [N].
---@param process any
---@param score any
---@param x any
---@param opts? table
---@return any ...
function sl.likelihood.encode(process, score, x, opts) end

---n codes from a to b [N, ...], both ends among them: [n, N, ...]. path = "spherical" (Shoemake 1985), which keeps the length of codes of a prior about 0 near to what the prior has, or "linear", whose codes are shorter halfway.
---@param a any
---@param b any
---@param n any
---@param opts? table
---@return any ...
function sl.likelihood.interpolate(a, b, n, opts) end

---An estimate of an upper bound on KL(p_0 || p), nats, p_0 being what the points x [N, ...] are drawn from and p what the reverse SDE with this score draws; and info: se, its standard error over the points; integral and terminal, its two parts. One of the options
---  truth: the score (x, t) of the data's own marginals. Theorem 1: 1/2 int g^2 E |truth - score|^2 dt + KL(p_T || pi),
---  for p_0 and p at time eps; option terminal: the last term, else the mean of KL(p_T(.|x) || pi), which is no less
---  entropy: of p_0, in nats. -entropy less the mean of likelihood.bound, with denoise as there
---and samples = 1 for each point, eps, times, sigma_data, seed, first, index, noise as in likelihood.bound.
---@param process any
---@param score any
---@param x any
---@param opts? table
---@return any ...
function sl.likelihood.kl_bound(process, score, x, opts) end

---log p [N] in nats of the points x [N, ...] at time eps, under the flow with this score, and info: z (where the flow ends), delta [N] (the integral of the divergence), prior_logp [N], nfe [N] and, with two or more probes, se [N], the standard error that the probes leave. Options:
---  trace = "hutchinson" (hutchinson = "rademacher" or "gaussian", probes = 1), or "exact": one walk for each feature
---  eps (the process's eps.likelihood)
---  rtol, atol, method, norm, pcoeff, icoeff, max_steps: of the steps (see sdelua/solve/adaptive.lua)
---  callback = function(state), after each step: state.x, delta [N, probes] so far, step, t, times, nfe (see sl.solve)
---  seed, first, index, or noise (see sl.noise): the probes of a point are the same along its way and in every batch
---@param process any
---@param score any
---@param x any
---@param opts? table
---@return any ...
function sl.likelihood.ode(process, score, x, opts) end

---The bits/dim of a uniformly dequantized image of 256 levels whose values were then scaled to [lo,hi]: 8 - log2(hi - lo). 7 for [-1,1], 8 for [0,1]: the 7 - inverse_scaler(-1) of Song et al. 2021's code.
---@param lo any
---@param hi any
---@return any ...
function sl.likelihood.offset(lo, hi) end

---How far points come back from where they were, encoded and decoded: for each of the tolerances (rtol = atol) a row { tolerance =, rms =, worst =, nfe = } with errors over all values of x and the mean number of evaluations both ways. The rows print as a table. Other options as in encode.
---@param process any
---@param score any
---@param x any
---@param tolerances any
---@param opts? table
---@return any ...
function sl.likelihood.round_trip(process, score, x, tolerances, opts) end

---Decompositions and solves by LAPACK, of matrices [m,n] in float32 or float64; without gradients.
---@class sdelua.linalg
sl.linalg = {}

---The lower L with a = L L^T, a symmetric and positive definite.
---@param a any
---@return sdelua.tensor
function sl.linalg.cholesky(a) end

---Eigenvalues, rising, and eigenvectors of a symmetric a [n,n], as columns.
---@param a any
---@return sdelua.tensor, sdelua.tensor
function sl.linalg.eigh(a) end

---The sign of det a [n,n], and log|det a|.
---@param a any
---@return sdelua.tensor, sdelua.tensor
function sl.linalg.logdet(a) end

---Q and R with a = Q R, of reduced size.
---@param a any
---@return sdelua.tensor, sdelua.tensor
function sl.linalg.qr(a) end

---x with a x = b; a [n,n], b [n] or [n,k].
---@param a any
---@param b any
---@return sdelua.tensor
function sl.linalg.solve(a, b) end

---U, s and V^T with a = U diag(s) V^T, s falling.
---@param a any
---@param opts? { full?: boolean }
---@return sdelua.tensor, sdelua.tensor, sdelua.tensor
function sl.linalg.svd(a, opts) end

---sl.loss: what networks are trained on. sl.loss.<name>(process, score, x0, options) is the objective that the file sdelua/loss/objectives/<name>.lua describes: one number for a batch x0 [N, ...]. sl.loss.list() prints them all.
---@class sdelua.loss
---@field ddpm fun(...): ... # |eps(x_i, i) - z|^2 on n_steps levels, i uniform on 0 .. n_steps - 1.
---@field dsm fun(...): ... # Denoising score matching, E lambda(t) |score(x_t, t) + z/s|^2, t uniform on [eps, T]: weighting "std" (lambda = s^2), "likelihood" (g^2) or a function of t [N]; reduce_mean: the mean over elements, or half the sum over them; t_sampling "uniform", or "importance", in proportion to g^2/s^2 (its mean over features) with the same expectation.
---@field edm fun(...): ... # lambda(sigma) |D(x0 + n; sigma) - x0|^2, sigma = s/m drawn log-normal (P_mean, P_std), lambda = (sigma^2 + sigma_data^2)/(sigma sigma_data)^2; distribution "vp" or "ve": as those papers draw it, lambda = 1/sigma^2. reduction "mean" over elements, "sum" over them and mean over samples, "none".
---@field flow fun(...): ... # Flow matching: |u_hat - u|^2 for the velocity u = m' x0 + c' + s' z of a sample's path, whatever the network predicts.
---@field ism fun(...): ... # Implicit score matching, E lambda(t) (|s|^2/2 + div s)(x_t, t), of any process, or with process nil of the data: trace "exact", a backward pass for each feature, or "hutchinson" with so many projections.
---@field min_snr fun(...): ... # min(SNR, gamma) |x0_hat - x0|^2 with SNR = m^2/s^2: as min(1, gamma/SNR) |eps_hat - z|^2, finite where m = 0.
---@field smld fun(...): ... # s_i^2 |score(x_i, i) + z/s_i|^2 on n_steps levels, 0 the noisiest.
---@field ssm fun(...): ... # Sliced score matching, E lambda(t) ((v.s)^2/2 + v.J v), v random projections, of any process, or with process nil of the data.
---@field ssm_vr fun(...): ... # Sliced score matching with its first term in closed form, E lambda(t) (|s|^2/2 + v.J v): less variance, for projections with E v v^T = 1, of any process, or with process nil of the data.
---@field v fun(...): ... # |v_hat - v|^2 for v = m z - s x0, whatever the network predicts.
---@field objectives any
sl.loss = {}

---dequantizer { levels = 256, net = nil, dtype = "float32" }: uniform noise or, given net(x in [-1, 1]) -> mu, a like x, variational noise sigmoid(mu + e^a z), whose parameters are trained with the score's: with x, log_q = d(integers), dsm(process, score, x, { weighting = "likelihood", reduce_mean = false }) (T - eps) + log_q:mean() is the bound on -log P, but for a number without parameters where x_T has forgotten the data.
---@param opts? table
---@return any ...
function sl.loss.dequantizer(opts) end

---eps_offset(process, score, x0, { eps =, noise =, seed =, first =, index = }): nats [N]. With x_eps drawn from the kernel and x0 given back by N(D(x_eps), (s/m)^2), D the denoiser of the score,
---  -log p(x0) <= E[ -log p_eps(x_eps) + log q(x_eps | x0) - log p(x0 | x_eps) ],
---and the last two terms are returned, the entropy of q in closed form (Song, Durkan, Murray & Ermon 2021). Noise is drawn as samplers draw it (sl.noise); returns x_eps too.
---@param process any
---@param score any
---@param x0 any
---@param opts? table
---@return any ...
function sl.loss.eps_offset(process, score, x0, opts) end

---A list of what the room's files hold, one row each, that prints as a table.
---@return any ...
function sl.loss.list() end

---sl.manual: everything public, with what is said of it, gathered at need from the rows of ops, layers and collections, from the `---` comments above Lua functions, and from sdelua/manual/core.lua for the functions of the core. help, apropos, docs/reference and the type stubs are made of it.
---@class sdelua.manual
sl.manual = {}

---Everything public, as a list of entries: functions and ops of sl, rooms with what they hold, rows, classes.
---@return any ...
function sl.manual.entries() end

---The fields of a class of the core: a list of { name, type, doc }.
---@param class any
---@return any ...
function sl.manual.fields(class) end

---The names of all rooms, in order. One that fails to load is left out: help has to serve all the same.
---@return any ...
function sl.manual.rooms() end

---How an entry is called: "likelihood.encode(process, score, x, opts)".
---@param entry any
---@return any ...
function sl.manual.signature(entry) end

---An entry in a line or some: how it is called, and its doc.
---@param entry any
---@return any ...
function sl.manual.text(entry) end

---The names of fields and methods of a class in Lua whose fields are told, { name = true }; nil of another. The class goes by the last part of its name, "Process".
---@param class any
---@return any ...
function sl.manual.told(class) end

---sl.metrics: how far samples are from data. sl.metrics.<name>(x, y, options) compares x [n, ...] with y [m, ...] (images and the like are taken flat; give features where pixels say little, see sl.metrics.features) as the file sdelua/metrics/measures/<name>.lua describes; sl.metrics.list() prints them all.
---@class sdelua.metrics
---@field c2st fun(...): ... # Classifier two-sample test: the held-out accuracy of a network that tells x from y; 1/2 where the distributions are the same. p is the chance of such an accuracy or a larger one if they are.
---@field energy_distance fun(...): ... # 2 E|X - Y| - E|X - X'| - E|Y - Y'|, without bias: 0 where the distributions are the same.
---@field frechet fun(...): ... # Frechet (Wasserstein-2) distance, squared, of the Gaussians with the means and covariances of x and y: give features of samples and of data.
---@field mmd fun(...): ... # Squared maximum mean discrepancy E k(X, X') + E k(Y, Y') - 2 E k(X, Y), without bias: kernel "gaussian" of a bandwidth (the median distance, unless given) or "cubic", the kernel distance of features.
---@field precision_recall fun(...): ... # Share of the samples x within the k-nearest-neighbour balls of the data y (precision: what is drawn is real), and of the data within those of the samples (recall: what is real is drawn).
---@field psnr fun(...): ... # Peak signal-to-noise ratio of images x against y, pair by pair, 20 log10 of range over the root of the mean squared error, in decibels: the mean over the images. range is that of the values, 2 for [-1, 1].
---@field score_error fun(...): ... # E s_t^2 |score - grad log p_t|^2/D, the error of the predicted noise where the data is a known mixture, over n samples at each of `times` (a count of even ones, or a list).
---@field sliced_wasserstein fun(...): ... # Wasserstein-2 distance of projections on random directions: the root of the mean of its square.
---@field ssim fun(...): ... # Structural similarity of images x against y [n,H,W,C], pair by pair, under a Gaussian window of 11 by 11 where it lies within the image, averaged over places and channels: the mean over the images. range as in psnr.
---@field measures any
sl.metrics = {}

sl.metrics.features = {}

---The features of a classifier; accuracy, where given, is that on test images.
---@param known any
---@param accuracy any
---@return any ...
function sl.metrics.features.of(known, accuracy) end

---Trains a classifier and returns features, called as above, with accuracy, that on the test images. Depends on the options alone; the generator is left as it was.
---@param opts? table
---@return any ...
function sl.metrics.features.train(opts) end

---A list of what the room's files hold, one row each, that prints as a table.
---@return any ...
function sl.metrics.list() end

---mixture { weights = {...}, means = {{...}, ...}, stds = number or {{...}, ...}, or covariances = K matrices, or one for all; shape = that of a sample, where it is not flat }.
---@param opts? table
---@return any ...
function sl.metrics.mixture(opts) end

---sl.nn: layers of the core, modules in Lua, and networks. sl.nn.UNet, sl.nn.MLP … are the files of sdelua/nn/networks, one each; sl.nn.list() names them.
---@class sdelua.nn
---@field Classifier fun(opts?: { blocks?: number, channels?: any, classes?: number, dropout?: number, features?: number, size?: any, time?: boolean, width?: number }): sdelua.Layer # A small classifier of images, not a score: x [n,h,w,c], t [n]? -> logits [n,classes].
---@field DhariwalUNet fun(opts?: { attn_resolutions?: any, augment_dim?: number, channel_mult?: any, channel_mult_emb?: number, channels?: any, checkpoint?: boolean, dropout?: number, label_dim?: number, label_dropout?: number, model_channels?: number, num_blocks?: number, out_channels?: any, size?: any }): sdelua.Layer # ADM for images as EDM has it: x [n,h,w,c], t [n], class labels? -> [n,h,w,c'].
---@field MLP fun(opts?: { depth?: number, dim?: any, embed?: number, fourier?: number, fourier_scale?: number, hidden?: any, in_features?: any, out_features?: any }): sdelua.Layer # A time-conditioned network for points: x [n,d], t [n] -> [n,d'].
---@field NCSNpp fun(opts?: { attn_resolutions?: any, centered?: boolean, ch_mult?: any, channels?: any, checkpoint?: boolean, conditional?: boolean, dropout?: number, embedding_type?: string, fir?: boolean, fir_kernel?: any, fourier_scale?: number, nf?: number, num_res_blocks?: number, num_scales?: number, out_channels?: any, progressive?: string, progressive_combine?: string, progressive_input?: string, resamp_with_conv?: boolean, resblock_type?: string, scale_by_sigma?: boolean, sigma_max?: number, sigma_min?: number, size?: any, skip_rescale?: boolean }): sdelua.Layer # NCSN++ and DDPM++ for images under score_sde's names: x [n,h,w,c], t or sigma [n] -> [n,h,w,c'].
---@field NCSNv2 fun(opts?: { centered?: boolean, ch_mult?: any, channels?: any, checkpoint?: boolean, dilations?: any, label?: string, nf?: number, num_scales?: number, out_channels?: any, scale_by_sigma?: boolean, sigma_max?: number, sigma_min?: number, size?: any }): sdelua.Layer # NCSNv2's network for images: x [n,h,w,c], sigma [n] (or the number of a level) -> [n,h,w,c'].
---@field SongUNet fun(opts?: { attn_resolutions?: any, augment_dim?: number, channel_mult?: any, channel_mult_emb?: number, channel_mult_noise?: number, channels?: any, checkpoint?: boolean, combine?: string, decoder_type?: string, dropout?: number, embedding_type?: string, encoder_type?: string, fir?: boolean, fourier_scale?: number, label_dim?: number, label_dropout?: number, model_channels?: number, num_blocks?: number, out_channels?: any, resamp_with_conv?: boolean, resample_filter?: any, resblock_type?: string, size?: any, skip_rescale?: boolean }): sdelua.Layer # DDPM++ and NCSN++ for images as EDM has them: x [n,h,w,c], t [n], class labels? -> [n,h,w,c'].
---@field UNet fun(opts?: { attn_resolutions?: any, centered?: boolean, ch_mult?: any, channels?: any, checkpoint?: boolean, classes?: number, dropout?: number, embedding?: string, fourier_scale?: number, label_dropout?: number, nf?: number, num_groups?: number, num_heads?: number, num_res_blocks?: number, out_channels?: any, size?: any }): sdelua.Layer # DDPM's network for images: x [n,h,w,c], t [n], class labels? -> [n,h,w,c'].
---@field networks any
sl.nn = {}

---x [n,...,c] -> x + out(softmax(q k^T / sqrt(d)) v) over all positions, q, k, v from the group-normalised x. The weights of q, k, v start with that scale, those of out at zero.
---@param ... any
---@return sdelua.Layer
function sl.nn.Attention(...) end

---x [n,h,w,in] -> [n,h',w',out], plus shift [n,out] at every pixel, plus the residual [n,h',w',out]. weight [k,k,in/groups,out], bias [out]; padding with zeros on all sides. Pixels of the window are dilation apart; group g of the outputs sees group g of the inputs.
---@param ... any
---@return sdelua.Layer
function sl.nn.Conv2d(...) end

---Half the height and width: a 3x3 convolution of stride 2, padded after; without it, averages of 2x2.
---@param ... any
---@return sdelua.Layer
function sl.nn.Downsample(...) end

---In training, zeroes elements with probability p and scales the others by 1/(1-p); a row's mask depends on its sample alone.
---@param ... any
---@return sdelua.Layer
function sl.nn.Dropout(...) end

---sin and cos of 2 pi t w, w normal with that scale, saved and not trained (Tancik et al. 2020; Song et al. 2021). t of any shape.
---@param ... any
---@return sdelua.Layer
function sl.nn.GaussianFourier(...) end

---x [n,...,c]: each sample and group of channels to mean 0 and variance 1, then weight and bias [c]; silu applies x sigmoid(x) in the same pass. num_groups 0: the largest divisor of c up to min(c/4, 32).
---@param ... any
---@return sdelua.Layer
function sl.nn.GroupNorm(...) end

---x [n,...,c]: gamma (z + alpha m) + beta, z each sample and channel at mean 0 and variance 1, m [n,c] the means taken off, brought to mean 0 and variance 1 over the channels (Song & Ermon 2020, NCSNv2).
---@param ... any
---@return sdelua.Layer
function sl.nn.InstanceNormPlus(...) end

---x [...,f]: the last dimension to mean 0 and variance 1, then weight and bias [f].
---@param ... any
---@return sdelua.Layer
function sl.nn.LayerNorm(...) end

---x [...,in] -> [...,out], plus the residual [...,out]. weight [in,out], bias [out]; scale 0 starts at zero.
---@param ... any
---@return sdelua.Layer
function sl.nn.Linear(...) end

---A new class: calling it makes an object and runs init(self, ...); calling an object runs forward(self, ...).
---@param name any
---@param parent any
---@return any ...
function sl.nn.Module(name, parent) end

---x [n,h,w,in], emb [n,emb_features] after its activation -> [n,h,w,out]: norm, silu, conv, + linear(emb), norm, silu, dropout, conv, + x. The last convolution starts at zero.
---@param ... any
---@return sdelua.Layer
function sl.nn.ResBlock(...) end

---A list of layers, functions and modules: each is given what the one before returned. net:add(layer) puts one more at its end.
---@param ... any
---@return sdelua.Layer
function sl.nn.Sequential(...) end

---sin and cos of t f_i, f_i from 1 down to 1/max_period in geometric steps (Vaswani et al. 2017; Ho et al. 2020).
---@param ... any
---@return sdelua.Layer
function sl.nn.Sinusoidal(...) end

---Each pixel twice in height and width, then a 3x3 convolution.
---@param ... any
---@return sdelua.Layer
function sl.nn.Upsample(...) end

---Makes every parameter of the layers anew in that type.
---@param layers any
---@param dtype any
function sl.nn.convert(layers, dtype) end

---Copies a list of tensors into another, all or none; errors name `who`.
---@param who any
---@param into any
---@param from any
function sl.nn.copy_all(who, into, from) end

---A list of what the room's files hold, one row each, that prints as a table.
---@return any ...
function sl.nn.list() end

---A tensor as a parameter: cut off from what made it, requiring a gradient.
---@param t any
---@return any ...
function sl.nn.parameter(t) end

---sl.noise { seed =, first = 0, index = }: unit normals for samplers, a stream of numbered draws, and a Brownian path.
---@class sdelua.noise
---@overload fun(...): any
sl.noise = {}

---The source that a sampler's options ask for: noise = a source, a function (shape, number, dtype) -> tensor or a replay { normal = that function, brownian = function(shape, a, b, dtype) -> (W_b - W_a)/sqrt|b - a|, increment = a function of the same -> W_b - W_a, H }, or else the options seed, first and index.
---@param o? table
---@return any ...
function sl.noise.of(o) end

---NumPy's .npy files, one tensor each.
---@class sdelua.npy
sl.npy = {}

---The array of a .npy file.
---@param path any
---@return sdelua.tensor
function sl.npy.load(path) end

---Writes a tensor as .npy.
---@param path any
---@param x any
function sl.npy.save(path, x) end

---NumPy's .npz archives of named tensors.
---@class sdelua.npz
sl.npz = {}

---The arrays of a .npz file by name.
---@param path any
---@return table
function sl.npz.load(path) end

---Writes tensors by name as .npz.
---@param path any
---@param tensors any
---@param opts? { compress?: boolean }
function sl.npz.save(path, tensors, opts) end

---A line for each op, by name: what it takes, with defaults, and what it does.
---@class sdelua.op_docs
sl.op_docs = {}

---sl.optim: SGD, Adam, AdamW and the moving average EMA, made in the core; saving and loading of their states here.
---@class sdelua.optim
sl.optim = {}

---Adam (Kingma & Ba 2015); weight_decay adds to the gradient.
---@param params any
---@param opts? { lr?: number, warmup?: number, grad_clip?: number, weight_decay?: number, beta1?: number, beta2?: number, eps?: number, amsgrad?: boolean }
---@return sdelua.Optimizer
function sl.optim.Adam(params, opts) end

---Adam with decoupled weight decay (Loshchilov & Hutter 2019).
---@param params any
---@param opts? { lr?: number, warmup?: number, grad_clip?: number, weight_decay?: number, beta1?: number, beta2?: number, eps?: number, amsgrad?: boolean }
---@return sdelua.Optimizer
function sl.optim.AdamW(params, opts) end

---Moving averages of the parameters.
---@param params any
---@param opts? { decay?: number, warmup?: boolean }
---@return sdelua.EMA
function sl.optim.EMA(params, opts) end

---Stochastic gradient descent. In all optimizers lr rises over `warmup` steps; grad_clip > 0 bounds the norm of all gradients.
---@param params any
---@param opts? { lr?: number, warmup?: number, grad_clip?: number, weight_decay?: number, momentum?: number, dampening?: number, nesterov?: boolean }
---@return sdelua.Optimizer
function sl.optim.SGD(params, opts) end

---Tables of options: defaults filled in, unknown keys and values that don't fit refused.
---@class sdelua.options
sl.options = {}

---The same of numbers >= 0.
---@param who any
---@param o? table
---@param names any
---@return any ...
function sl.options.amounts(who, o, names) end

---May be called: a function, or a table or handle that says it can.
---@param v any
---@return any ...
function sl.options.callable(v) end

---Raises unless the value of option `key` is one of `names`.
---@param who any
---@param key any
---@param value any
---@param names any
---@return any ...
function sl.options.choice(who, key, value, names) end

---The same of whole numbers > 0.
---@param who any
---@param o? table
---@param names any
---@return any ...
function sl.options.counts(who, o, names) end

---The same of numbers that are not infinite.
---@param who any
---@param o? table
---@param names any
---@return any ...
function sl.options.finite(who, o, names) end

---The same of functions, or what may be called like one.
---@param who any
---@param o? table
---@param names any
---@return any ...
function sl.options.functions(who, o, names) end

---A new table with the keys of all tables given; of one key the last counts. nil stands for an empty table.
---@param ... any
---@return any ...
function sl.options.merged(...) end

---The keys of a table that are texts, in order.
---@param t any
---@return any ...
function sl.options.names(t) end

---Raises unless those of the options o[name] that are given are numbers; names is a list.
---@param who any
---@param o? table
---@param names any
---@return any ...
function sl.options.numbers(who, o, names) end

---The same of numbers in (0, 1].
---@param who any
---@param o? table
---@param names any
---@return any ...
function sl.options.portions(who, o, names) end

---The same of positive numbers.
---@param who any
---@param o? table
---@param names any
---@return any ...
function sl.options.positives(who, o, names) end

---A new table of `given` with `known`'s defaults. An unknown key, or a value of another type than its default, raises in the name of `who`, where the library was called.
---@param who any
---@param given any
---@param known any
---@return any ...
function sl.options.read(who, given, known) end

---The same of numbers in [0, 1].
---@param who any
---@param o? table
---@param names any
---@return any ...
function sl.options.shares(who, o, names) end

---A value as errors show it, in a line: of a tensor the type and shape, and no addresses.
---@param v any
---@return any ...
function sl.options.show(v) end

---sl.plot: pictures of curves, points and functions of the plane. sl.plot { title = "…", xlabel = "x" } is a plot, whose methods add layers over each other and give the plot again: p:line(x, y):scatter(points):save "x.png".
---@class sdelua.plot
---@field band fun(...): sdelua.plot.Figure # p:band(x, low, high): the area between two curves, lists of numbers or tensors [n]; where one is not finite there is a gap.
---@field contour fun(...): sdelua.plot.Figure # p:contour(f): lines of equal f(points [n,2]) -> [n]. levels: how many, evenly between the least and the largest value, or a list; with labels, each line's level is on it.
---@field density fun(...): sdelua.plot.Figure # p:density(f): colours of f(points [n,2]) -> [n] over what the plot shows, at n = 200 places along the longer side. range = { lo, hi }: the values of the first colour and the last; colorbar: true, or words along it.
---@field hist fun(...): sdelua.plot.Figure # p:hist(values): how many of the values, a list or a tensor of any shape, fall into each of `bins` equal parts of their range; with density, that over all and the part's width, so that the area is 1.
---@field hist2d fun(...): sdelua.plot.Figure # p:hist2d(points): how many of the points [n,2] fall into each of the cells, as a colour; bins along the longer side of what the plot shows; colorbar: true, or words along it.
---@field image fun(...): sdelua.plot.Figure # p:image(img): a picture [H,W,C], uint8 or floats in [-1,1], C = 1, 3 or 4, from xrange = { 0, W } and yrange = { 0, H } of the data; with smooth, without seeing its pixels.
---@field line fun(...): sdelua.plot.Figure # p:line(x, y): a line through the points (x[i], y[i]), two lists of numbers or tensors [n]; one that is not finite breaks it. dash: a list of lengths, on and off in turn; with marks, a disc at each point.
---@field paths fun(...): sdelua.plot.Figure # p:paths(x): n trajectories [steps,n,2], each a line; with ends, a ring where it begins and a disc where it ends.
---@field scatter fun(...): sdelua.plot.Figure # p:scatter(points): a disc at each of the points [n,2].
---@field text fun(...): sdelua.plot.Figure # p:text(x, y, words): words at a place of the data; anchor: "left", "middle" or "right", what of them is there; angle in degrees, against the clock.
---@field vectors fun(...): sdelua.plot.Figure # p:vectors(f): arrows of f(points [n,2]) -> [n,2], n along the longer side of what the plot shows.
---@field layers any
---@overload fun(...): sdelua.plot.Figure
sl.plot = {}

---Plots of sl.plot (a list) beside one another, row by row: something with save and render as they have. Options: columns (default: all in one row up to 4, else as near a square as goes), title = "".
---@param plots any
---@param opts? table
---@return any ...
function sl.plot.grid(plots, opts) end

---A list of what the room's files hold, one row each, that prints as a table.
---@return any ...
function sl.plot.list() end

---sl.posterior: samplers of p(x | y), y a measurement of x that an operator of sl.inverse makes. sl.posterior.<name> { options } is the method that the file sdelua/posterior/methods/<name>.lua describes; sl.posterior.list() prints them all.
---@class sdelua.posterior
---@field ald fun(opts?: { correct?: any, denoise?: any, eps?: any, epsilon?: number, gamma?: number, grid?: any, levels?: string, n_steps?: number, round?: any, steps?: number }): sdelua.posterior.Posterior # Annealed Langevin dynamics on the posterior, as for MRI: n_steps of size epsilon sigma^2 at each level, with y as if of variance gamma^2 sigma^2 |A|^2 + std^2; it takes epsilon (1 + 1/gamma^2) < 2.
---@field ccdf fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, guess?: any, levels?: string, round?: any, steps?: number, t0?: number }): sdelua.posterior.Posterior # Come closer, diffuse faster: from a guess, the option's function (operator, y) or A^+ y, with the noise of time t0 T, ancestral steps whose measured coordinates are those of y with the noise of the time.
---@field ddnm fun(opts?: { correct?: any, denoise?: any, eps?: any, eta?: number, grid?: any, levels?: string, round?: any, steps?: number, travel_length?: number, travel_repeat?: number }): sdelua.posterior.Posterior # Null-space denoising: in each ancestral step E[x0 | xt] takes from y what is measured, the rest is its own.
---@field ddrm fun(opts?: { correct?: any, denoise?: any, eps?: any, eta?: number, eta_b?: number, eta_c?: any, grid?: any, levels?: string, round?: any, steps?: number }): sdelua.posterior.Posterior # Denoising diffusion restoration, in the operator's singular vectors. eta is the fresh share of the noise, eta_c that of the unmeasured coordinates (eta, unless given); eta_b the weight of y where it is less noisy than x.
---@field ddrm_jpeg fun(opts?: { correct?: any, denoise?: any, eps?: any, eta?: number, eta_b?: number, grid?: any, levels?: string, round?: any, steps?: number }): sdelua.posterior.Posterior # DDRM for JPEG and whatever operator has a pseudo-inverse H', linear or not: x0 - H'H(x0) + H'y in place of x0. eta is the fresh share of the noise, eta_b the weight of y.
---@field diffpir fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, iterations?: number, lambda?: number, levels?: string, lipschitz?: number, round?: any, steps?: number, zeta?: number }): sdelua.posterior.Posterior # DiffPIR: the estimate of the data is brought close to y, |y - A x|^2 + rho |x - x0|^2 with rho = lambda std^2/sigma^2, then noised anew: zeta = 0 keeps the predicted noise, 1 draws all.
---@field dps fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, likelihood?: string, round?: any, steps?: number, zeta?: number }): sdelua.posterior.Posterior # Diffusion posterior sampling: an ancestral step, then the gradient of |y - A(x0)|^2 in x_t, times zeta/|y - A(x0)|, each sample by its own norm.
---@field exact fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: any, mixture?: any, round?: any, sampler?: any, steps?: any }): sdelua.posterior.Posterior # The exact score of p(x_t | y) where the data are Gaussians, mixture = sl.metrics.mixture { ... }: the reference of all methods.
---@field ilvr fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, published?: boolean, range_t?: number, round?: any, steps?: number, up?: any, variance?: string }): sdelua.posterior.Posterior # Iterative latent variable refinement: after each ancestral step x + up(A(x') - A(x)), x' a state that y says.
---@field mcg fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, round?: any, steps?: number, zeta?: number }): sdelua.posterior.Posterior # Manifold-constrained gradient: an ancestral step, the gradient of |W(y - A x0)|^2 in x_t times zeta over the norm, each sample by its own, then the measured coordinates are those of y with the noise of the time.
---@field mcs fun(opts?: { correct?: any, corrector?: any, denoise?: any, eps?: any, grid?: any, lambda?: number, levels?: string, n_steps?: number, norm?: string, predictor?: any, round?: any, snr?: number, steps?: number }): sdelua.posterior.Posterior # Measurement-consistent sampling (MRI, CT): before corrector and predictor the measured coordinates go the share lambda of the way to those of y with the noise of the time.
---@field pigdm fun(opts?: { bound?: number, correct?: any, denoise?: any, eps?: any, eta?: number, grid?: any, levels?: string, prior_std?: number, round?: any, steps?: number }): sdelua.posterior.Posterior # Pseudoinverse guidance in the paper's steps: DDIM with eta of the noise of an ancestral step, and m r^2 times the guidance, whatever the length of the step; prior_std and bound as in pigdm_score.
---@field pigdm_score fun(opts?: { bound?: number, correct?: any, denoise?: any, eps?: any, grid?: any, levels?: any, prior_std?: number, round?: any, sampler?: any, steps?: any }): sdelua.posterior.Posterior # Pseudoinverse guidance added to the score, for any sampler: p(x0 | xt) taken as N(x0, r^2 I), with r^2 that of data N(mu, tau^2 I), tau = prior_std, for which it is exact.
---@field repaint fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, jump_length?: number, levels?: string, n_resample?: number, round?: any, steps?: number }): sdelua.posterior.Posterior # RePaint: ancestral steps whose measured coordinates are those of y with the noise of the time; every jump_length steps back up by as many, n_resample - 1 times, so that both parts come to agree.
---@field replacement fun(opts?: { correct?: any, corrector?: any, denoise?: any, eps?: any, grid?: any, levels?: string, n_steps?: number, norm?: string, predictor?: any, published?: boolean, round?: any, snr?: number, steps?: number }): sdelua.posterior.Posterior # Predictor-corrector whose measured coordinates (pixels, or any linear operator's) are those of y with the noise of the time, of which y's own is a part: anew at each time, held while the corrector takes its n_steps.
---@field sdedit fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, guess?: any, levels?: string, mask?: any, repeats?: number, round?: any, steps?: number, t0?: number }): sdelua.posterior.Posterior # SDEdit: a guide, A^+ y (sl.inverse.denoise: y itself, strokes and all) or what guess(operator, y) returns, with the noise of time t0 T, and back by ancestral steps, `repeats` times.
---@field snips fun(opts?: { c?: any, correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, n_steps?: number, round?: any, steps?: number }): sdelua.posterior.Posterior # Stochastic denoising of inverse problems: annealed Langevin in the operator's singular vectors, n_steps at each of `steps` levels, whose steps are c sigma^2 where nothing is measured; c such that the noise follows the levels, unless given.
---@field tds fun(opts?: { K?: number, correct?: any, denoise?: any, eps?: any, ess?: number, grid?: any, levels?: string, limit?: number, resample?: string, round?: any, steps?: number, tau?: number }): sdelua.posterior.Posterior # Twisted diffusion sampler: K particles a measurement go by ancestral steps that the gradient of p(y | x_t) twists, weighted, and drawn anew (resample = "systematic" or "multinomial") where fewer than ess K count.
---@field methods any
sl.posterior = {}

---A list of what the room's files hold, one row each, that prints as a table.
---@return any ...
function sl.posterior.list() end

---A method of your own: a table as in sdelua/posterior/posterior.lua, and its options.
---@param own any
---@param opts? table
---@return any ...
function sl.posterior.new(own, opts) end

---sl.prompt: what the program's prompt has beyond Lua's: the globals sl, help, apropos, quit and exit, and how it prints what was typed.
---@class sdelua.prompt
sl.prompt = {}

---What a session begins with: its globals, and for a person a greeting.
---@param greet any
---@return any ...
function sl.prompt.begin(greet) end

---The values, with a text for each plain table, which says what is in it.
---@param ... any
---@return any ...
function sl.prompt.readable(...) end

---sl.sde: diffusion processes. sl.sde.VP, sl.sde.VE … are the files of sdelua/sde/processes, one each; sl.sde.list() names them. sl.sde.define makes a process from your own functions.
---@class sdelua.sde
---@field CLD fun(opts?: { M?: number, T?: any, beta?: number, eps?: any, features?: any, prior?: any, std0?: any }): sdelua.sde.Process # Critically damped Langevin diffusion of u = (x, v), `features` positions and as many velocities side by side in the last dimension: dx = beta v/M dt, dv = -beta (x + Gamma v/M) dt + sqrt(2 Gamma beta) dw, Gamma^2 = 4 M.
---@field EDM fun(opts?: { T?: any, eps?: any, prior?: any, sigma_max?: number, sigma_min?: number, std0?: any }): sdelua.sde.Process # Noise of std t is added to the data, t from 0 to sigma_max; samplers stop at sigma_min.
---@field VE fun(opts?: { T?: any, eps?: any, prior?: any, sigma?: any, sigma_max?: number, sigma_min?: number, std0?: any }): sdelua.sde.Process # Variance exploding: noise of std sigma(t) is added to the data; sigma geometric, or sigma = function(t).
---@field VElinear fun(opts?: { T?: any, eps?: any, prior?: any, sigma_max?: number, sigma_min?: number, std0?: any }): sdelua.sde.Process # Variance exploding with sigma even in time: sigma_min + (sigma_max - sigma_min) t/T.
---@field VP fun(opts?: { T?: any, beta?: any, beta_max?: number, beta_min?: number, eps?: any, prior?: any, std0?: any }): sdelua.sde.Process # Variance preserving: dx = -beta(t)/2 x dt + sqrt(beta(t)) dw; beta linear, or beta = function(t).
---@field cosine fun(opts?: { T?: any, eps?: any, offset?: number, prior?: any, std0?: any }): sdelua.sde.Process # VP whose signal falls as a cosine: m^2 = cos^2(pi/2 (t + offset)/(1 + offset)) over its value at 0.
---@field discrete fun(opts?: { T?: any, alphas_cumprod?: any, betas?: any, eps?: any, lambda_min?: any, prior?: any, std0?: any }): sdelua.sde.Process # Variance preserving through a table of levels, at t = i/N: betas or alphas_cumprod; log alpha linear between.
---@field interpolant fun(opts?: { T?: any, eps?: any, path?: string, prior?: any, std0?: any }): sdelua.sde.Process # A path between data and unit noise: "linear", x_t = (1 - t) x0 + t z, rectified flow's, or "trigonometric", cos(pi t/2) x0 + sin(pi t/2) z. m_T = 0: networks predict v, x0 or velocity, and ode samples.
---@field subVP fun(opts?: { T?: any, beta?: any, beta_max?: number, beta_min?: number, eps?: any, prior?: any, std0?: any }): sdelua.sde.Process # VP's drift with a diffusion whose variance stays below VP's; beta linear, or beta = function(t).
---@field processes any
sl.sde = {}

sl.sde.Process = {}

---Whether the option levels is "paper"; raises in the name of `who` where it is neither that nor "exact".
---@param who any
---@param levels any
---@return any ...
function sl.sde.Process.is_paper(who, levels) end

---The process that a handle of the core stands for.
---@param handle any
---@return any ...
function sl.sde.Process.new(handle) end

---sl.sde.define: a process of your own, in one of three forms.
---  define { mean = m, std = s, offset = c }
---    x_t | x_0 ~ N(m(t) x_0 + c(t), s(t)^2)
---  define { drift_coefficient = a, drift_offset = b, diffusion_coefficient = g }
---    dx = (a(t) x + b(t)) dt + g(t) dw
---  define { drift = f, diffusion = g, noise_type = "scalar" | "diagonal" | "matrix", tier = "affine" | "general" }
---    dx = f(x, t) dt + g(x, t) dw
---The functions of the first two take a number and return a number, or a tensor over features; they are tabulated once. Those of the third take tensors x [N, ...] and t [N,1,..,1]; a diffusion with one parameter takes t alone. At first use it is found out whether f is a(t) x + b(t), each feature by itself, and g free of x: then the process is affine and has a transition kernel. Any other is general and has to say its noise_type, also one whose f is linear but mixes features: a rotation, x:matmul(A).
---@param opts? table
---@return any ...
function sl.sde.define(opts) end

---A list of what the room's files hold, one row each, that prints as a table.
---@return any ...
function sl.sde.list() end

---sl.show(x): a picture in the terminal: an image [H,W,C], a batch [N,H,W,C], as a grid, or anything with a method render, such as a plot.
---@class sdelua.show
---@field blocks fun(...): ... # Half blocks in 24-bit colour, or 256 colours where COLORTERM says neither truecolor nor 24bit.
---@field kitty fun(...): ... # The graphics protocol of kitty, which Ghostty and WezTerm speak too: raw pixels.
---@field sixel fun(...): ... # Sixels, of at most 256 colours.
---@field protocols any
---@overload fun(...): any
sl.show = {}

---A list of what the room's files hold, one row each, that prints as a table.
---@return any ...
function sl.show.list() end

---What sl.show(x, options) prints, as a text.
---@param x any
---@param opts? table
---@return any ...
function sl.show.text(x, opts) end

---sl.solve: samplers. sl.solve.<name> { options } is the sampler that the file sdelua/solve/samplers/<name>.lua describes; sl.solve.list() prints them all.
---@class sdelua.solve
---@field adaptive_sde fun(opts?: { atol?: number, correct?: any, denoise?: any, eps?: any, first_step?: number, grid?: any, levels?: string, max_steps?: any, method?: string, noise?: number, round?: any, rtol?: number, steps?: any }): sdelua.solve.Solver # Step control on the reverse SDE: each sample has steps of its own, along a Brownian path that is the same at every tolerance.
---@field ancestral fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, round?: any, steps?: number, variance?: string }): sdelua.solve.Solver # Ancestral sampling with exact steps of any affine process; variance = "v", "small" or "large".
---@field annealed_langevin fun(opts?: { correct?: any, denoise?: any, eps?: any, epsilon?: number, grid?: any, levels?: string, n_steps?: number, round?: any, steps?: number }): sdelua.solve.Solver # Annealed Langevin dynamics (NCSN): n_steps at each level of the grid, which has `steps` levels and 0, the data that the last level's score tells (NCSNv2); with denoise = false steps + 1 levels, and noise stays.
---@field ddim fun(opts?: { correct?: any, denoise?: any, eps?: any, eta?: number, grid?: any, levels?: string, round?: any, steps?: number }): sdelua.solve.Solver # DDIM on any affine process: eta = 0 is the flow, 1 the posterior q(x_r | x_t, x_0) of ancestral sampling.
---@field deis fun(opts?: { correct?: any, degree?: number, denoise?: any, eps?: any, grid?: any, levels?: string, round?: any, steps?: number }): sdelua.solve.Solver # DEIS tAB: exponential Adams-Bashforth on the predicted noise, whose polynomial in time is of degree 0-3.
---@field dpm_2 fun(opts?: { S_churn?: number, S_noise?: number, S_tmax?: number, S_tmin?: number, correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, round?: any, steps?: number }): sdelua.solve.Solver # DPM-Solver-2: the slope at the middle of the step in log sigma; with S_churn as in euler.
---@field dpm_2_a fun(opts?: { correct?: any, denoise?: any, eps?: any, eta?: number, grid?: any, levels?: string, round?: any, s_noise?: number, steps?: number }): sdelua.solve.Solver # DPM-Solver-2 down to sigma_down, then noise up to the next sigma; eta = 0 is the flow.
---@field dpm_adaptive fun(opts?: { accept_safety?: number, atol?: number, correct?: any, dcoeff?: number, denoise?: any, eps?: any, eta?: number, grid?: any, h_init?: number, icoeff?: number, levels?: string, max_steps?: any, norm?: string, order?: number, pcoeff?: number, round?: any, rtol?: number, s_noise?: number, steps?: any }): sdelua.solve.Solver # DPM-Solver-12 or -23 (order = 2, 3) with step control; norm = "sample", or "batch" for one step size for all; eta > 0 adds noise along one Brownian path in sigma.
---@field dpm_fast fun(opts?: { correct?: any, denoise?: any, eps?: any, eta?: number, grid?: any, levels?: string, round?: any, s_noise?: number, steps?: number }): sdelua.solve.Solver # DPM-Solver-fast: `steps` evaluations from T to eps, spent on steps of order 3, even in log sigma, and a last of lower order; eta > 0 adds noise along one Brownian path in sigma.
---@field dpm_solver fun(opts?: { atol?: number, correct?: any, denoise?: any, eps?: any, grid?: any, h_init?: number, inner?: string, levels?: string, lower_order_final?: boolean, method?: string, noise?: number, norm?: string, order?: number, round?: any, rtol?: number, solver_type?: string, steps?: any, theta?: number }): sdelua.solve.Solver # DPM-Solver of order 1-3 on the predicted noise; steps counts evaluations; method = "multistep", "singlestep", "singlestep_fixed" or "adaptive" (rtol, atol); solver_type = "dpmsolver", as published, or "taylor".
---@field dpm_solver_pp fun(opts?: { atol?: number, correct?: any, denoise?: any, eps?: any, grid?: any, h_init?: number, inner?: string, levels?: string, lower_order_final?: boolean, method?: string, noise?: number, norm?: string, order?: number, round?: any, rtol?: number, solver_type?: string, steps?: any, theta?: number }): sdelua.solve.Solver # DPM-Solver++ of order 1-3 on the estimate of the data; options as dpm_solver; noise = 1 solves the SDE.
---@field dpmpp_2m fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, round?: any, steps?: number }): sdelua.solve.Solver # DPM-Solver++(2M): exponential Adams steps of second order on the estimate of the data.
---@field dpmpp_2m_sde fun(opts?: { correct?: any, denoise?: any, eps?: any, eta?: number, grid?: any, levels?: string, round?: any, s_noise?: number, solver_type?: string, steps?: number }): sdelua.solve.Solver # DPM-Solver++(2M) on the SDE: multistep of second order; solver_type = "midpoint" or "heun"; the noise is one Brownian path in sigma.
---@field dpmpp_2s_a fun(opts?: { correct?: any, denoise?: any, eps?: any, eta?: number, grid?: any, levels?: string, round?: any, s_noise?: number, steps?: number }): sdelua.solve.Solver # DPM-Solver++(2S) down to sigma_down, then noise up to the next sigma; eta = 0 is the flow.
---@field dpmpp_3m_sde fun(opts?: { correct?: any, denoise?: any, eps?: any, eta?: number, grid?: any, levels?: string, round?: any, s_noise?: number, steps?: number }): sdelua.solve.Solver # DPM-Solver++(3M) on the SDE: multistep with two earlier estimates; the noise is one Brownian path in sigma.
---@field dpmpp_sde fun(opts?: { correct?: any, denoise?: any, eps?: any, eta?: number, grid?: any, levels?: string, r?: number, round?: any, s_noise?: number, steps?: number }): sdelua.solve.Solver # DPM-Solver++ on the SDE with a second evaluation at a share r of the step; the noise is one Brownian path in sigma.
---@field edm_ablation fun(opts?: { S_churn?: number, S_noise?: number, S_tmax?: number, S_tmin?: number, alpha?: number, correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, round?: any, solver?: string, steps?: number }): sdelua.solve.Solver # EDM's general sampler in the process's own time and scaling: solver = "heun" or "euler", alpha where the second slope stands (1 Heun, 1/2 midpoint), churn; grids "vp", "ve", "iddpm" and "edm".
---@field euler fun(opts?: { S_churn?: number, S_noise?: number, S_tmax?: number, S_tmin?: number, correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, round?: any, steps?: number }): sdelua.solve.Solver # Euler's method on the flow in sigma; with S_churn, noise is added and taken away again.
---@field euler_a fun(opts?: { correct?: any, denoise?: any, eps?: any, eta?: number, grid?: any, levels?: string, round?: any, s_noise?: number, steps?: number }): sdelua.solve.Solver # Euler's method down to sigma_down, then noise up to the next sigma; eta = 0 is the flow.
---@field euler_maruyama fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, noise?: number, round?: any, steps?: number }): sdelua.solve.Solver # Euler-Maruyama on the reverse process; noise = lambda between the flow (0) and the SDE (1).
---@field gaussian_bridge fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, round?: any, steps?: number }): sdelua.solve.Solver # The exact law of x_r given x_t and the estimate of x_0; works where m_T = 0, with a network's exchange.
---@field heun fun(opts?: { S_churn?: number, S_noise?: number, S_tmax?: number, S_tmin?: number, correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, round?: any, steps?: number }): sdelua.solve.Solver # Heun's method on the flow in sigma: EDM's sampler; with S_churn, noise is added and taken away again.
---@field ipndm fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, order?: number, round?: any, steps?: number }): sdelua.solve.Solver # iPNDM: the flow in sigma with the weights of Adams and Bashforth of order 1-4, as if steps were even: of that order on a grid even in sigma, of the second on others.
---@field langevin fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, n_steps?: number, norm?: string, round?: any, snr?: number, steps?: number }): sdelua.solve.Solver # Langevin steps at each time of the grid and nothing else: the corrector without a predictor. norm as in pc.
---@field lms fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, order?: number, round?: any, steps?: number }): sdelua.solve.Solver # Adams-Bashforth on the flow in sigma with as many slopes as its order; the first steps have fewer, and unless they are short, orders above 2 sink towards 2 as steps are added.
---@field mala fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, log_prob?: any, n_steps?: number, round?: any, snr?: number, steps?: number, t?: any }): sdelua.solve.Solver # Metropolis-adjusted Langevin steps of size 2 (snr s_t)^2 at each time of the grid (or at t alone), for scores whose log_prob(x, t) is known, as that of an energy is. info.acceptance is [N].
---@field milstein fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, noise?: number, round?: any, steps?: number }): sdelua.solve.Solver # Milstein's method on the reverse process, over one Brownian path: strong order 1 where each feature's noise depends on that feature.
---@field ode fun(opts?: { atol?: number, correct?: any, denoise?: any, eps?: any, grid?: any, icoeff?: number, levels?: string, max_steps?: any, method?: any, norm?: string, pcoeff?: number, round?: any, rtol?: number, steps?: any }): sdelua.solve.Solver # The probability flow: adaptive (rtol, atol; method "dopri5" or "bosh3"; norm = "sample", or "batch" for one step size for all; pcoeff and icoeff of the PI controller, 0 and 1 for SciPy's steps) or, given steps, on a grid ("heun", "euler", "midpoint", "rk4" ...).
---@field pc fun(opts?: { correct?: any, corrector?: any, denoise?: any, eps?: any, grid?: any, levels?: string, n_steps?: number, norm?: string, predictor?: any, round?: any, snr?: number, steps?: number }): sdelua.solve.Solver # Predictor-corrector: at each time n_steps of the corrector, then the predictor. norm = "kernel" steps by s_t, "batch" by the paper's norms, which couple the samples of a batch.
---@field restart fun(opts?: { S_noise?: number, correct?: any, denoise?: any, eps?: any, grid?: any, intervals?: any, levels?: string, rho?: number, round?: any, steps?: number }): sdelua.solve.Solver # Heun's method on the flow in sigma which, at t_min of each of `intervals` { N =, K =, t_min =, t_max = }, goes back to t_max by fresh noise and returns in N - 1 steps, K times.
---@field reverse_diffusion fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, noise?: number, probability_flow?: boolean, round?: any, steps?: number }): sdelua.solve.Solver # The process's own steps, reversed; noise = lambda between the flow (0) and the SDE (1).
---@field sa_solver fun(opts?: { correct?: any, corrector?: number, denoise?: any, eps?: any, grid?: any, levels?: string, lower_order_final?: boolean, predictor?: number, round?: any, steps?: number, tau?: any }): sdelua.solve.Solver # SA-Solver: stochastic Adams steps on the estimate of the data; predictor = 1-3 and corrector = 0-3 past values; tau, a number or a function of sigma, between the flow (0) and the SDE (1).
---@field srk fun(opts?: { correct?: any, denoise?: any, eps?: any, grid?: any, levels?: string, noise?: number, round?: any, steps?: number }): sdelua.solve.Solver # Stochastic Runge-Kutta SRA1 on the reverse process, over one Brownian path and its areas; additive noise.
---@field unipc fun(opts?: { correct?: any, corrector?: boolean, denoise?: any, eps?: any, grid?: any, levels?: string, lower_order_final?: boolean, order?: number, predicts?: string, round?: any, steps?: number, variant?: string }): sdelua.solve.Solver # UniPC: a predictor of order 1-3 and, with the same evaluation, a corrector that makes it one more; variant = "bh1" or "bh2"; predicts = "data" or "noise".
---@field samplers any
sl.solve = {}

---For samplers' option correct: dynamic thresholding (see sdelua/solve/thresholding.lua).
---@param opts? table
---@return any ...
function sl.solve.dynamic_thresholding(opts) end

---A list of what the room's files hold, one row each, that prints as a table.
---@return any ...
function sl.solve.list() end

---A sampler of your own: a table as in sdelua/solve/sampler.lua, of which step or sample is enough, and its options.
---@param own any
---@param opts? table
---@return any ...
function sl.solve.new(own, opts) end

---Files and folders, the clock, and what the machine can do.
---@class sdelua.system
sl.system = {}

---Seconds since some moment, by a clock that never goes back.
---@return number
function sl.system.clock() end

---Whether "stdout" or "stderr" is a terminal.
---@param stream any
---@return boolean
function sl.system.is_terminal(stream) end

---"file", "folder" or "other"; nil when nothing is there.
---@param path any
---@return string?
function sl.system.kind(path) end

---The names in a folder.
---@param path any
---@return string[]
function sl.system.list_folder(path) end

---Makes a folder and those above it.
---@param path any
function sl.system.make_folder(path) end

---Bytes a second that a copy reads and writes, with that many in all.
---@param bytes any
---@return number
function sl.system.peak_copy(bytes) end

---float32 operations a second that this machine does at most, measured.
---@return number
function sl.system.peak_flops() end

---What the terminal answers when asked what it can do, such as "62;4;22" (4: sixel); nil without one, or when it does not answer in a second.
---@return string?
function sl.system.terminal_attributes() end

---Columns and rows of the terminal, and the width and height of a cell in pixels, 0 where it does not say; without one what COLUMNS and LINES say, or 80 and 24.
---@return integer, integer, integer, integer
function sl.system.terminal_size() end

---What only tests need: allocations that fail, poll points.
---@class sdelua.testing
sl.testing = {}

---Runs f as a callback of the core.
---@param f any
---@return any
function sl.testing.call(f) end

---The n-th allocation from now fails, and with onwards all after it; 0: none.
---@param n any
---@param onwards? any
function sl.testing.fail_alloc(n, onwards) end

---Bytes that the core has handed out.
---@return integer
function sl.testing.live() end

---A poll point: a pending interrupt raises.
function sl.testing.poll() end

---Training runs on images: what scripts/train_*.lua share, and how to take up what they leave.
---@class sdelua.train
sl.train = {}

sl.train.Run = {}

---The samples over time: a list of { step =, path = }, by step.
---@param folder any
---@return any ...
function sl.train.Run.list_pictures(folder) end

---Opens the folder, made if need be. With from = s > 0 what was written of steps 1..s is kept, else none.
---@param folder any
---@param from any
---@return any ...
function sl.train.Run.open(folder, from) end

---What a run's folder says: { folder, config, result (nil where there is none), metrics = list of records, pictures = list of { step =, path = }, samples = path or nil, times = list of { step =, time = } (see sdelua/train/events.lua) }.
---@param folder any
---@return any ...
function sl.train.Run.read(folder) end

sl.train.Trainer = {}

---Trainer.new { samples = tensor, labels = nil, net = { kind =, options = }, process = { kind =, options = }, objective = { kind =, options = }, settings = {...} }, the objective dsm unless given; labels [n], classes from 0, are handed to the network. Sets the seed of the random numbers, so that all that follows depends on the arguments alone.
---@param spec any
---@return any ...
function sl.train.Trainer.new(spec) end

---The trainer that wrote the checkpoint, as it was then; samples, and labels where it had any, are the same as then.
---@param path any
---@param samples any
---@param labels any
---@return any ...
function sl.train.Trainer.resume(path, samples, labels) end

---The noise-prediction loss, the mean of (-s score(x_t) - z)², over the images x0 in [-1,1], given their labels if any; t uniform on [1e-3, T] and z are the same at every call. Call it without recording. tell(share), where given, is told how much is done.
---@param process any
---@param score any
---@param x0 any
---@param labels any
---@param tell any
---@return any ...
function sl.train.heldout(process, score, x0, labels, tell) end

---The objective { kind =, options = } on x0, with the draws of seed 0: the same at every call.
---@param process any
---@param score any
---@param x0 any
---@param objective any
---@param labels any
---@param tell any
---@return any ...
function sl.train.heldout_objective(process, score, x0, objective, labels, tell) end

---A trained model of a checkpoint or a run's folder, ready to sample: { net, process, kind, score, shape, step, classes }, net with the averaged parameters and in evaluation mode, kind the process's name, shape that of one sample, classes how many it was trained with (nil: without labels; else score:given(labels) is the score given classes). own = { net =, process = } serve instead of those that the checkpoint names.
---@param path any
---@param own any
---@return any ...
function sl.train.load(path, own) end

---A classifier that scripts/train_classifier.lua saved (see sdelua/train/classifier.lua).
---@param path any
---@return any ...
function sl.train.load_classifier(path) end

---main { name = "vp", about = "...", process = { kind = "VP", options = {...} }, steps = n, settings = {...} } reads the command line and trains; returns the exit code, 130 after Ctrl-C, and ends the program after an error that it has told of. May also hold objective = { kind =, options = } (dsm unless given) and network, further options of sl.nn.UNet.
---@param spec any
---@return any ...
function sl.train.main(spec) end

---Name and options of the sampler that suits the process called `kind` (its row's word, else ancestral), for about so many evaluations of the network.
---@param kind any
---@param evaluations any
---@return any ...
function sl.train.sampler(kind, evaluations) end

return sl
