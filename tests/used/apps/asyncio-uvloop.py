import asyncio
import sys

import uvloop


async def main():
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "print('child')", stdout=asyncio.subprocess.PIPE)
    print((await child.communicate())[0])


uvloop.run(main())
