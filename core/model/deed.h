/* core/model/deed.h - what an op does to its record that the law names (DPA 2018 s62): takes it out
 * of use, or puts two persons together. By its own writes alone; pure. */
#ifndef DBK_MODEL_DEED_H
#define DBK_MODEL_DEED_H

#include "core/model/op.h"

/* It says that the record is withdrawn or disposed of. */
bool dbk_op_ends(const dbk_op *op);
/* It says of two persons that they are one; keeping them apart combines nothing. */
bool dbk_op_combines(const dbk_op *op);

#endif
