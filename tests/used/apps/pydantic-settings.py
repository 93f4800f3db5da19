import dotenv
import pydantic_settings


class Settings(pydantic_settings.BaseSettings):
    model_config = pydantic_settings.SettingsConfigDict(env_file=".env", extra="ignore")
    secret_0: str


print(bool(Settings().secret_0), bool(dotenv.dotenv_values(".env")))
