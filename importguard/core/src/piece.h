/* A piece of a file that is there already, see piece.c. */
#ifndef IMPORTGUARD_PIECE_H
#define IMPORTGUARD_PIECE_H

#include "ccore.h"

int piece_open(PyObject *place, Piece *piece);
bool piece_read(Piece *piece, void *data, size_t size);
void piece_close(const Piece *piece);

#endif
