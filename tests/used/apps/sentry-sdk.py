import os

import sentry_sdk

sentry_sdk.init(os.environ["SINK"].replace("://", "://key@") + "/1", traces_sample_rate=1.0)
with sentry_sdk.start_transaction(name="work"):
    sentry_sdk.capture_message("hello")
sentry_sdk.flush(10)
print("sent")
