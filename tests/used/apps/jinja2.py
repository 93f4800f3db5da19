import pathlib

import jinja2

pathlib.Path("page.html").write_text("Hello {{ name }}")
folder = pathlib.Path("bytecode")
folder.mkdir()
places = jinja2.Environment(
    loader=jinja2.FileSystemLoader("."), bytecode_cache=jinja2.FileSystemBytecodeCache(str(folder))
)
print(places.get_template("page.html").render(name="you"))
