import networkx
import sympy

x = sympy.Symbol("x")
print(
    sympy.solve(x**2 - 4, x),
    sympy.integrate(x, x),
    sympy.lambdify(x, x + 1)(1),
    networkx.shortest_path(networkx.path_graph(4), 0, 3),
)
