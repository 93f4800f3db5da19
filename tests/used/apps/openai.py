import os

import openai

client = openai.OpenAI(api_key="none", base_url=os.environ["SINK"], max_retries=0)
try:
    client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
except (openai.APIError, ValueError) as error:
    print(type(error).__name__)
print("asked")
