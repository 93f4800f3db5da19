import pathlib

from mako.lookup import TemplateLookup

pathlib.Path("page.mako").write_text("Hello ${name}")
print(TemplateLookup(["."], module_directory="compiled").get_template("page.mako").render(name="you"))
