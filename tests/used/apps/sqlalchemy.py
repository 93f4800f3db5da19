import sqlalchemy
from sqlalchemy import orm


class Base(orm.DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "note"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    text: orm.Mapped[str]


engine = sqlalchemy.create_engine("sqlite:///notes.db")
Base.metadata.create_all(engine)
with orm.Session(engine) as session:
    session.add(Note(text="kept"))
    session.commit()
    print(session.scalars(sqlalchemy.select(Note.text)).all())
