import numpy

matrix = numpy.random.default_rng(0).normal(size=(50, 50))
numpy.savez_compressed("matrix.npz", matrix=matrix)
print(numpy.allclose(numpy.load("matrix.npz")["matrix"] @ numpy.linalg.inv(matrix), numpy.eye(50)))
