from scipy import integrate, io, optimize, sparse

io.savemat("x.mat", {"x": sparse.eye(3)})
print(
    round(optimize.brentq(lambda x: x * x - 2, 0, 2), 6),
    round(integrate.quad(lambda x: x, 0, 1)[0], 6),
    "x" in io.loadmat("x.mat"),
)
