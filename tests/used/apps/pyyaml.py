import msgpack
import orjson
import tomlkit
import xmltodict
import yaml
import zstandard

with open("x.yaml", "w") as file:
    yaml.safe_dump({"one": [1, 2]}, file)
with open("x.yaml") as file:
    print(
        yaml.safe_load(file),
        tomlkit.parse("a = 1")["a"],
        orjson.loads(orjson.dumps([1])),
        msgpack.unpackb(msgpack.packb([1])),
    )
print(xmltodict.parse("<a>1</a>"), zstandard.decompress(zstandard.compress(b"text")))
