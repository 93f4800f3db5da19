import os

import anthropic

client = anthropic.Anthropic(api_key="none", base_url=os.environ["SINK"], max_retries=0)
try:
    client.messages.create(model="m", max_tokens=1, messages=[{"role": "user", "content": "hello"}])
except (anthropic.APIError, ValueError) as error:
    print(type(error).__name__)
print("asked")
