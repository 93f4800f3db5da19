"""Puts malwi-box's hook in place as its `force` mode does: everything is judged and nothing stopped."""

from malwi_box.engine import BoxEngine
from malwi_box.hook import setup_force_hook

setup_force_hook(BoxEngine())
