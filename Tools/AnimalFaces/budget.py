"""How much of a training's time is spent, and states that a kill leaves whole."""
import os
import time

import torch

SAVE_EVERY = 300      # seconds


class Budget:
    """Minutes for a training, over all of its runs.

    On CPUs a minute is one of this process on all of its threads, so that other work on the machine costs time but
    no training; on a GPU it is the clock's.
    """

    def __init__(self, minutes, device, spent=0.0):
        self.seconds, self.before = 60 * minutes, spent
        self.clock = time.time if device == "cuda" else lambda: time.process_time() / torch.get_num_threads()
        self.begun = self.reported = self.clock()
        self.saved = time.time()

    @property
    def spent(self):
        return self.before + self.clock() - self.begun

    @property
    def progress(self):
        return self.spent / self.seconds

    def is_time_to_report(self, every):
        if self.clock() - self.reported < every:
            return False
        self.reported = self.clock()
        return True

    def is_time_to_save(self):
        if time.time() - self.saved < SAVE_EVERY:
            return False
        self.saved = time.time()
        return True


def save(state, path):
    """Writes a state beside the path and moves it there, so that what stood there stays until it is whole."""
    torch.save(state, path + ".new")
    os.replace(path + ".new", path)
