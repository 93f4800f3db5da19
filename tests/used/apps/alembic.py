import pathlib

from alembic import command
from alembic.config import Config

config = Config("alembic.ini")
command.init(config, "migrations")
text = pathlib.Path("alembic.ini").read_text().replace("driver://user:pass@localhost/dbname", "sqlite:///app.db")
pathlib.Path("alembic.ini").write_text(text)
config = Config("alembic.ini")
command.revision(config, message="first")
command.upgrade(config, "head")
print(pathlib.Path("app.db").exists())
