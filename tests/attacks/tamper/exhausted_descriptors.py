"""All descriptors but three are closed, and few new ones can be had."""

import os
import resource

from acme_tamper.stage import steal, trying

os.closerange(3, 256)
resource.setrlimit(resource.RLIMIT_NOFILE, (5, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
with trying():
    steal()
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
steal()
