-- What functions of the core do that have no row of ops or layers: "name(arguments) -> result: doc", by full name.
-- Rooms that only the core has come first, classes last. A test fails when one is missing here, or is here alone.
return {
  rooms = {
    draw = "A surface to draw on, in points from the upper left corner: what sl.plot is made with.",
    linalg = "Decompositions and solves by LAPACK, of matrices [m,n] in float32 or float64; without gradients.",
    npy = "NumPy's .npy files, one tensor each.",
    npz = "NumPy's .npz archives of named tensors.",
    io = "Readers of other formats.",
    interrupt = "What sl.progress is made of: the program's SIGINT, asked for at the boundary of a step.",
    system = "Files and folders, the clock, and what the machine can do.",
    testing = "What only tests need: allocations that fail, poll points.",
    op_docs = "A line for each op, by name: what it takes, with defaults, and what it does.",
  },
  functions = {
    -- New tensors
    zeros = "(shape, {dtype = \"float32\"}) -> tensor: Zeros; the shape is a list, or sizes one after another.",
    ones = "(shape, {dtype = \"float32\"}) -> tensor: Ones; the shape is a list, or sizes one after another.",
    empty = "(shape, {dtype = \"float32\"}) -> tensor: A tensor of any values, to be filled.",
    full = "(shape, value, {dtype = \"float32\"}) -> tensor: One value everywhere.",
    eye = "(n, m = n, {dtype = \"float32\"}) -> tensor: [n,m] with ones on the diagonal, else zeros.",
    arange = "(start = 0, stop, step = 1, {dtype = \"float32\"}) -> tensor: start, start + step, … before stop; "
      .. "arange(n) "
      .. "counts from 0.",
    linspace = "(start, stop, n, {dtype = \"float32\"}) -> tensor: n numbers at equal distances, both ends included.",
    randn = "(shape, {dtype = \"float32\"}) -> tensor: Unit normals, from the stream that sl.manual_seed starts.",
    rand = "(shape, {dtype = \"float32\"}) -> tensor: Uniform in [0, 1), from the stream that sl.manual_seed starts.",
    randint = "(lo, hi, shape, {dtype = \"int64\"}) -> tensor: Integers lo <= n < hi, each as likely.",
    tensor = "(data, {dtype = \"float32\"}) -> tensor: A tensor of a number, or of nested lists of them.",
    is_tensor = "(x) -> boolean: Whether x is a tensor.",
    -- Gradients
    grad = "(y, x, {create_graph = false, retain_graph = false, grad = nil}) -> tensor: The gradient of y to x, a "
      .. "tensor or "
      .. "a list (so is the result); y has one element, or grad gives what multiplies from the left.",
    no_grad = "(f, ...) -> any...: f(...), and nothing in it is recorded for gradients.",
    enable_grad = "(f, ...) -> any...: f(...), recorded even inside a no_grad.",
    is_recording = "() -> boolean: Whether what is computed now is recorded for gradients.",
    custom_vjp = "{ forward = nil, backward = nil, keep_y = false, name = nil } -> function: A function of tensors "
      .. "with a gradient of your own: y = forward(x1, …); dx1, … = backward(dy, x1, … [, y], needs), y where keep_y; "
      .. "needs[i]: whether dxi is asked for.",
    checkpoint = "(f, ...) -> tensor: f(...), of which the graph keeps arguments and result alone: backward "
      .. "runs f again "
      .. "(Chen et al. 2016).",
    -- Memory, threads, seeds
    scope = "() -> scope: local s <close> = sl.scope() drops at its end the tensors made since; s:keep(x) keeps one.",
    keep = "(x) -> any: x, a tensor or a table with tensors, which no scope drops from here on.",
    memory = "() -> table: { live =, peak = } of tensors, in bytes.",
    threads = "() -> integer: How many threads the core uses.",
    set_threads = "(n): Uses n threads; no result depends on it.",
    isa = "() -> string: The instruction set whose kernels run, such as \"avx2\".",
    manual_seed = "(seed): Starts the random numbers of sl.randn, initialisation and training anew.",
    rng_state = "() -> table: Seed and counts of the generator, as a checkpoint saves them.",
    set_rng_state = "{ seed = nil, seen = nil, init_draw = nil, user_draw = nil }: Puts the generator where "
      .. "rng_state() found it.",
    train_batch = "(n): Opens a training batch of n samples, whose random numbers depend on their places in the whole "
      .. "run alone.",
    train_random = "(dist, shape, dtype) -> tensor: The batch's next draw, \"uniform\", \"normal\" or \"rademacher\"; "
      .. "row i is of its sample i.",
    traceback = "(message) -> string: For xpcall: the traceback of the callback that raised, if one did.",
    -- Files
    load = "(path) -> table, table: Tensors by name and texts by key, of a file of safetensors.",
    save = "(path, tensors, texts = {}): Writes tensors by name and texts by key as safetensors.",
    ["npy.load"] = "(path) -> tensor: The array of a .npy file.",
    ["npy.save"] = "(path, x): Writes a tensor as .npy.",
    ["npz.load"] = "(path) -> table: The arrays of a .npz file by name.",
    ["npz.save"] = "(path, tensors, {compress = false}): Writes tensors by name as .npz.",
    ["io.bytes"] = "(path) -> tensor: The bytes of a file, uint8 [n].",
    ["io.write"] = "(path, bytes): Writes a string as a file, which is replaced as a whole or not at all.",
    ["io.idx"] = "(path) -> tensor: A file of IDX, MNIST's format, gzipped or not.",
    -- Decompositions
    ["linalg.svd"] = "(a, {full = false}) -> tensor, tensor, tensor: U, s and V^T with a = U diag(s) V^T, s falling.",
    ["linalg.qr"] = "(a) -> tensor, tensor: Q and R with a = Q R, of reduced size.",
    ["linalg.eigh"] = "(a) -> tensor, tensor: Eigenvalues, rising, and eigenvectors of a symmetric a [n,n], as "
      .. "columns.",
    ["linalg.logdet"] = "(a) -> tensor, tensor: The sign of det a [n,n], and log|det a|.",
    ["linalg.cholesky"] = "(a) -> tensor: The lower L with a = L L^T, a symmetric and positive definite.",
    ["linalg.solve"] = "(a, b) -> tensor: x with a x = b; a [n,n], b [n] or [n,k].",
    -- Drawing
    ["draw.canvas"] = "(kind, width, height, scale = 1) -> Canvas: A white canvas, \"raster\", \"svg\" or \"pdf\", "
      .. "of that size in points; scale: pixels of a raster to a point.",
    -- Of the house's inside
    ["interrupt.begin"] = "(): From here the program's first SIGINT only asks; the second raises.",
    ["interrupt.requested"] = "() -> boolean: Whether a SIGINT has asked.",
    ["interrupt.finish"] = "() -> boolean: A SIGINT raises again; whether one had asked.",
    ["system.clock"] = "() -> number: Seconds since some moment, by a clock that never goes back.",
    ["system.is_terminal"] = "(stream) -> boolean: Whether \"stdout\" or \"stderr\" is a terminal.",
    ["system.terminal_size"] = "() -> integer, integer, integer, integer: Columns and rows of the terminal, and the "
      .. "width and height of a cell in pixels, 0 where it does not say; without one what COLUMNS and LINES say, or "
      .. "80 and 24.",
    ["system.terminal_attributes"] = "() -> string?: What the terminal answers when asked what it can do, such as "
      .. "\"62;4;22\" (4: sixel); nil without one, or when it does not answer in a second.",
    ["system.kind"] = "(path) -> string?: \"file\", \"folder\" or \"other\"; nil when nothing is there.",
    ["system.list_folder"] = "(path) -> string[]: The names in a folder.",
    ["system.make_folder"] = "(path): Makes a folder and those above it.",
    ["system.peak_flops"] = "() -> number: float32 operations a second that this machine does at most, measured.",
    ["system.peak_copy"] = "(bytes) -> number: Bytes a second that a copy reads and writes, with that many in all.",
    ["testing.call"] = "(f) -> any: Runs f as a callback of the core.",
    ["testing.fail_alloc"] = "(n, onwards = false): The n-th allocation from now fails, and with onwards all "
      .. "after it; 0: none.",
    ["testing.live"] = "() -> integer: Bytes that the core has handed out.",
    ["testing.poll"] = "(): A poll point: a pending interrupt raises.",
    ["nn.convert"] = "(layers, dtype): Makes every parameter of the layers anew in that type.",
    ["nn.copy_all"] = "(who, into, from): Copies a list of tensors into another, all or none; errors name `who`.",
    -- Optimizers
    ["optim.SGD"] = "(params, {lr = 1e-3, warmup = 0, grad_clip = 0, weight_decay = 0, momentum = 0, dampening = 0, "
      .. "nesterov = false}) -> Optimizer: Stochastic gradient descent. In all optimizers lr rises over `warmup` "
      .. "steps; grad_clip > 0 bounds the norm of all gradients.",
    ["optim.Adam"] = "(params, {lr = 1e-3, warmup = 0, grad_clip = 0, weight_decay = 0, beta1 = 0.9, beta2 = 0.999, "
      .. "eps = 1e-8, amsgrad = false}) -> Optimizer: Adam (Kingma & Ba 2015); weight_decay adds to the gradient.",
    ["optim.AdamW"] = "(params, {lr = 1e-3, warmup = 0, grad_clip = 0, weight_decay = 0, beta1 = 0.9, beta2 = 0.999, "
      .. "eps = 1e-8, amsgrad = false}) -> Optimizer: Adam with decoupled weight decay (Loshchilov & Hutter 2019).",
    ["optim.EMA"] = "(params, {decay = 0.999, warmup = true}) -> EMA: Moving averages of the parameters.",
    -- Classes
    ["Canvas.path"] = "(points, {fill = nil, stroke = nil, width = 1, closed = false, round = false, dash = nil}) -> "
      .. "Canvas: A line through points [n,2], or m lines through [m,n,2], filled and stroked in colours { r, g, b, "
      .. "opacity } of [0,1]; a point that is not finite breaks it.",
    ["Canvas.marks"] = "(points, radius, {fill = nil, stroke = nil, width = 1}) -> Canvas: A disc at each of the "
      .. "points [n,2].",
    ["Canvas.text"] = "(x, y, words, {size = 11, anchor = 0, angle = 0, bold = false, color = nil}) -> Canvas: Words "
      .. "with their base line at y, and x at the share `anchor` of their width; angle in degrees, against the clock.",
    ["Canvas.measure"] = "(words, {size = 11, bold = false}) -> number: How wide words are.",
    ["Canvas.image"] = "(image, x, y, width, height, smooth = false) -> Canvas: A uint8 [H,W,1|3|4] in a rectangle.",
    ["Canvas.clip"] = "(x, y, width, height) -> Canvas: Until unclip, nothing is drawn outside that rectangle.",
    ["Canvas.unclip"] = "() -> Canvas: Ends the last clip.",
    ["Canvas.pixels"] = "() -> tensor: uint8 [H,W,3] of a raster.",
    ["Canvas.save"] = "(path): Writes a PNG, SVG or PDF, whichever the canvas is; a PDF is finished by that.",
    ["tensor.shape"] = "(dim = nil) -> integer[] or integer: The sizes, as a list; with a dimension, from 1 or -1, "
      .. "that size.",
    ["tensor.size"] = "(dim = nil) -> integer[] or integer: The same as shape.",
    ["tensor.dim"] = "() -> integer: How many dimensions it has.",
    ["tensor.numel"] = "() -> integer: How many elements it has.",
    ["tensor.is_contiguous"] = "() -> boolean: Whether its elements lie in order with no gaps.",
    ["tensor.item"] = "() -> number: The value of a tensor of one element.",
    ["tensor.totable"] = "() -> table: Nested lists of its values; of one without dimensions a number.",
    ["tensor.to"] = "(dtype) -> tensor: The tensor in that type; itself where it has it.",
    ["tensor.clone"] = "() -> tensor: A copy, recorded for gradients.",
    ["tensor.detach"] = "() -> tensor: The same values, apart from the graph.",
    ["tensor.copy_"] = "(x) -> tensor: Copies x, which broadcasts, into it.",
    ["tensor.fill_"] = "(value) -> tensor: Sets every element to a number.",
    ["tensor.backward"] = "(grad, {create_graph = false, grad = nil}): Adds the gradients of it to every leaf's "
      .. "grad, and frees "
      .. "the graph.",
    ["tensor.requires_grad_"] = "(on = true) -> tensor: Marks a leaf as one whose gradient is wanted.",
    ["scope.keep"] = "(x) -> any: Hands x outwards: it outlives the scope.",
    ["scope.close"] = "(): Drops what was made since the scope began.",
    ["Optimizer.step"] = "(): Moves the parameters by their gradients; a norm that is not finite raises and "
      .. "changes nothing.",
    ["Optimizer.zero_grad"] = "(): Forgets the parameters' gradients.",
    ["Optimizer.steps"] = "(n = nil) -> integer: How many steps were made; given n, so many from now on.",
    ["EMA.update"] = "(): Takes the parameters as they are into the averages.",
    ["EMA.swap"] = "(): Exchanges averages and parameters.",
    ["EMA.swapped"] = "() -> boolean: Whether the averages are in the parameters now.",
    ["EMA.copy_to"] = "(): Copies the averages into the parameters.",
    ["EMA.updates"] = "(n = nil) -> integer: How many updates were made; given n, so many from now on.",
  },
  classes = {
    tensor = "An array of numbers, channels last, with operators that broadcast, and gradients. sl.tensor { 1, "
      .. "2 } makes "
      .. "one; sl.randn, sl.zeros … others. x[i] is its i-th part, from 1.",
    Canvas = "What sl.draw.canvas makes. Drawing gives the canvas again.",
    scope = "A mark in the list of tensors: what is made after it goes when it closes.",
    Optimizer = "What sl.optim.SGD, Adam and AdamW make.",
    EMA = "What sl.optim.EMA makes: moving averages of parameters.",
    Layer = "A layer of the core, with parameters. layer(x) applies it.",
  },
  fields = {
    Optimizer = {
      lr = { "number", "The learning rate; may be set, as every option of its kind may." },
      warmup = { "number", "The steps over which lr rises." },
      grad_clip = { "number", "The norm that all gradients together keep to; 0: any." },
      weight_decay = { "number", "How strongly the parameters are drawn to 0." },
    },
    ["sde.Process"] = {
      T = { "number", "The time at which all is noise." },
      tier = { "string", '"affine", "affine (probed)", "general" or, before its first use, "general (unprobed)".' },
      name = { "string", '"VP", "VE", … or "define".' },
      options = { "table?", "Of a process that sl.sde has by name: those given, and the defaults of the others." },
      eps = { "table", "The times { train =, sample =, likelihood = } at which the way to the data ends." },
    },
    ["solve.Solver"] = {
      name = { "string", "That of its row." },
      options = { "table", "Those given, and the defaults of the others." },
      order = { "number?", "Of convergence as the step shrinks: strong where it draws noise." },
      cost = { "number?", "Evaluations of the score in a step." },
    },
    ["posterior.Posterior"] = {
      name = { "string", "That of its row." },
      options = { "table", "Those given, and the defaults of the others." },
    },
    ["inverse.Operator"] = {
      name = { "string", "That of its row." },
      linear = { "boolean", "Whether it is." },
      std = { "number", "The standard deviation of y's noise." },
      shape = { "table", "That of one x." },
      measured = { "table", "The shape of one y." },
      size = { "integer", "How many values an x has." },
      measured_size = { "integer", "How many values a y has." },
    },
    ["metrics.Mixture"] = {
      dim = { "integer", "How many values a sample has." },
      shape = { "table", "That of one sample." },
      weights = { "tensor", "[1,K], or [N,K] of what N measurements say." },
      means = { "tensor", "[1,K,D] or [N,K,D]." },
    },
    ["sde.Score"] = {
      process = { "sde.Process", "That of which it is the score." },
      net = { "any", "The network, or the function in its place." },
      parameterization = { "string", 'What the network says: "noise", "x0", "v" …' },
      log_prob = { "function?", "Of the score of an energy E: (x, t) -> -E [N]." },
    },
    ["plot.Figure"] = {},
    ["plot.Grid"] = {},
    tensor = {
      dtype = { "string", '"float32", "float64", "int64" or "uint8".' },
      grad = { "tensor?", "The gradient that backward added up; may be set, to nil also." },
      requires_grad = { "boolean", "Whether its gradient is wanted, or that of something it came from." },
      is_leaf = { "boolean", "Whether it was made by no recorded op." },
    },
  },
}
