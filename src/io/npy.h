/* The npy format on a source, for files and for members of an npz. */
#ifndef SL_IO_NPY_H
#define SL_IO_NPY_H

#include "io/source.h"

/* Reads to the source's end. */
sl_tensor *sl_npy_read(sl_ctx *c, sl_source *s);

/* The bytes before the data of t: version 1.0, padded to a multiple of 64. */
#define SL_NPY_HEADER_MAX 256
size_t sl_npy_header(const sl_tensor *t, char buf[SL_NPY_HEADER_MAX]);

#endif
